/** The last words of each side, the newest large. Text that may still change is lighter. */

import { useTranslation } from 'react-i18next';
import type { CaptionContrast, CaptionSize } from '../../app/preferences';
import { currentCall, lastSpeech, type SpeechEntry, type Transcript } from '../../voice/transcript';

type Props = {
  entries: Transcript;
  placeholder: string;
  size: CaptionSize;
  contrast: CaptionContrast;
};

export function Captions({ entries, placeholder, size, contrast }: Props) {
  const { t } = useTranslation('talk');
  const call = currentCall(entries);
  const latest = [lastSpeech(call, 'user'), lastSpeech(call, 'agent')]
    .filter((entry) => entry !== null)
    .sort((a, b) => call.indexOf(a) - call.indexOf(b));
  return (
    <section
      aria-label={t('captions.region')}
      data-size={size}
      data-contrast={contrast}
      className="captions flex min-h-14 w-full max-w-2xl flex-col items-center gap-3 text-center lg:min-h-44"
    >
      {latest.length === 0 && <p className="text-soft">{placeholder}</p>}
      {latest.map((entry, place) => (
        <Line key={entry.role} entry={entry} newest={place === latest.length - 1} />
      ))}
    </section>
  );
}

/** A long text shows its end: that is what is being said now. */
function Line({ entry, newest }: { entry: SpeechEntry; newest: boolean }) {
  const interim = entry.status === 'interim';
  const size = newest ? 'caption-newest' : 'caption-before text-soft';
  return (
    <div className={`flex w-full shrink-0 flex-col-reverse overflow-hidden ${size}`}>
      <p
        data-testid={`caption-${entry.role}`}
        data-final={!interim}
        className={mayChange(entry) ? 'text-soft' : newest ? 'font-medium' : ''}
      >
        {entry.text}
        {mayChange(entry) && '…'}
      </p>
    </div>
  );
}

/** A reply only grows, so its words are as good as final; what was heard may still be corrected. */
function mayChange(entry: SpeechEntry): boolean {
  return entry.status === 'interim' && entry.role === 'user';
}
