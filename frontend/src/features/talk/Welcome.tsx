/** Before the call: what this is, who will answer, and the one button that starts it. */

import { Copy, Keyboard, LockOpen, type LucideIcon, Mic } from 'lucide-react';
import { lazy, type Ref, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { withWords } from '../../i18n';
import { Button } from '../../ui/Button';
import { formatDate } from '../../ui/format';
import { usePageTitle } from '../../ui/pageTitle';
import type { CallMode } from '../../voice/callState';
import { type Choices, personaOf } from './choices';
import type { Earlier } from './useEarlier';
import { Visualizer } from './Visualizer';

// Not needed to start a call, so they do not hold it up.
const EarlierWords = lazy(() => withWords(['call'], import('./EarlierWords')));
const PersonaPicker = lazy(() => import('./PersonaPicker'));

type Props = {
  secure: boolean;
  /** Another tab of this browser is in a call. */
  elsewhere?: boolean;
  choices: Choices;
  /** What is to be gone on with; null for a new conversation. */
  earlier: Earlier | null;
  onStart: (mode: CallMode) => void;
  headingRef?: Ref<HTMLHeadingElement>;
};

export function Welcome(props: Props) {
  const { secure, elsewhere = false, choices, earlier, onStart, headingRef } = props;
  const { t } = useTranslation('talk');
  usePageTitle(null);
  const persona = personaOf(choices.personas, choices.personaId);
  return (
    <div className="m-auto flex w-full max-w-lg flex-col items-center gap-6 px-4 py-6 text-center sm:gap-8">
      <Visualizer
        look="idle"
        face={persona && { name: persona.name, imageUrl: persona.image_url }}
      />
      <div className="flex flex-col gap-3">
        <h1
          ref={headingRef}
          tabIndex={-1}
          className="rounded-lg text-balance font-semibold text-3xl tracking-tight sm:text-4xl"
        >
          {earlier ? t('welcome.goOnTitle') : t('welcome.title')}
        </h1>
        <p className="text-balance text-lg text-soft">
          {earlier ? earlierWords(earlier, t('welcome.goOn')) : t('welcome.sentence')}
        </p>
      </div>
      {!secure && (
        <Note title={t('welcome.insecureTitle')} body={t('welcome.insecureBody')} icon={LockOpen} />
      )}
      <div role="status" className="empty:absolute">
        {elsewhere && (
          <Note title={t('welcome.elsewhereTitle')} body={t('welcome.elsewhereBody')} icon={Copy} />
        )}
      </div>
      {earlier && (
        <Suspense>
          <EarlierWords earlier={earlier} />
        </Suspense>
      )}
      <StartButtons onStart={onStart} />
      {choices.personas.length + choices.voices.length > 0 && (
        <div className="grid w-full gap-4 text-left sm:grid-cols-2">
          <Suspense>
            <PersonaPicker
              personas={choices.personas}
              voices={choices.voices}
              personaId={persona?.id ?? null}
              voice={choices.voice}
              onPersona={choices.choosePersona}
              onVoice={choices.chooseVoice}
            />
          </Suspense>
        </div>
      )}
      <div className="flex flex-col gap-1 text-balance text-sm text-soft">
        <p id="start-hint">{t('welcome.startHint')}</p>
        <p>{t('welcome.privacy')}</p>
      </div>
    </div>
  );
}

function earlierWords({ conversation }: Earlier, otherwise: string): string {
  if (!conversation) return otherwise;
  return conversation.title ?? conversation.preview ?? formatDate(conversation.started_at);
}

function Note(props: { title: string; body: string; icon: LucideIcon }) {
  const { title, body, icon: Icon } = props;
  return (
    <div className="flex gap-3 rounded-2xl bg-warn-soft p-4 text-left text-sm">
      <Icon aria-hidden size={20} className="mt-0.5 shrink-0 text-warn" />
      <div>
        <h2 className="font-semibold">{title}</h2>
        <p className="text-soft">{body}</p>
      </div>
    </div>
  );
}

function StartButtons({ onStart }: Pick<Props, 'onStart'>) {
  const { t } = useTranslation('talk');
  return (
    <div className="flex w-full flex-col items-center gap-3 sm:flex-row sm:justify-center">
      <Button
        look="primary"
        className="min-h-13 w-full px-9 text-lg sm:w-auto"
        aria-describedby="start-hint"
        onClick={() => onStart('voice')}
      >
        <Mic aria-hidden size={20} />
        {t('welcome.start')}
      </Button>
      <Button
        look="secondary"
        className="min-h-13 w-full sm:w-auto"
        onClick={() => onStart('text')}
      >
        <Keyboard aria-hidden size={20} />
        {t('welcome.textOnly')}
      </Button>
    </div>
  );
}
