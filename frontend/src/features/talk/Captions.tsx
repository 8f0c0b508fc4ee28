/** The last words of each side, the newest large. Text that may still change is lighter. */

import { useTranslation } from 'react-i18next';
import { currentCall, lastSpeech, type SpeechEntry, type Transcript } from '../../voice/transcript';

type Props = { entries: Transcript; placeholder: string };

export function Captions({ entries, placeholder }: Props) {
  const { t } = useTranslation('talk');
  const call = currentCall(entries);
  const latest = [lastSpeech(call, 'user'), lastSpeech(call, 'agent')]
    .filter((entry) => entry !== null)
    .sort((a, b) => call.indexOf(a) - call.indexOf(b));
  return (
    <section
      aria-label={t('captions.region')}
      className="flex min-h-14 w-full max-w-2xl flex-col items-center gap-3 text-center lg:min-h-44"
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
  const size = newest
    ? 'flex max-h-14 text-lg leading-7 lg:max-h-27 lg:text-2xl lg:leading-9'
    : // Where space is short the transcript right below shows it.
      'hidden max-h-12 text-soft lg:flex';
  return (
    <div className={`w-full flex-col-reverse overflow-hidden ${size}`}>
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
