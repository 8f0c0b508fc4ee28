/** The last words of each side, large. Text that may still change is lighter. */

import { text } from '../../i18n';
import { lastSpeech, type SpeechEntry, type Transcript } from '../../voice/transcript';

type Props = { entries: Transcript; placeholder: string };

export function Captions({ entries, placeholder }: Props) {
  const user = lastSpeech(entries, 'user');
  const agent = lastSpeech(entries, 'agent');
  return (
    <section
      aria-label={text.captions.region}
      className="flex min-h-24 w-full max-w-2xl flex-col items-center justify-end gap-3 text-center"
    >
      {!user && !agent && <p className="text-soft">{placeholder}</p>}
      {user && <Line entry={user} className="max-h-12 text-base text-soft" testId="caption-user" />}
      {agent && (
        <Line
          entry={agent}
          className="max-h-28 text-xl leading-7 sm:max-h-36 sm:text-2xl sm:leading-9"
          testId="caption-agent"
        />
      )}
    </section>
  );
}

/** A long text shows its end: that is what is being said now. */
function Line({
  entry,
  className,
  testId,
}: {
  entry: SpeechEntry;
  className: string;
  testId: string;
}) {
  const interim = entry.status === 'interim';
  return (
    <div className={`flex w-full flex-col-reverse overflow-hidden ${className}`}>
      <p
        data-testid={testId}
        data-final={!interim}
        className={`text-balance ${interim ? 'opacity-75' : 'font-medium'}`}
      >
        {entry.text}
        {interim && entry.role === 'user' && '…'}
      </p>
    </div>
  );
}
