/** The Talk page: shows the view that belongs to the state of the call. */

import { lazy, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { withWords } from '../../i18n';
import { useAnnouncer } from '../../ui/announcer';
import { useArrivalFocus } from '../../ui/arrivalFocus';
import { isUnderway } from '../../voice/callState';
import { useOtherCall } from '../../voice/useOtherCall';
import { LeaveGuard } from './LeaveGuard';
import { type Talk, useTalk, whenIdle } from './useTalk';
import { Welcome } from './Welcome';

/** The rest comes while the page is being read: Start must not wait for it. */
const LATER = {
  LiveCall: () => withWords(['call'], import('./LiveCall')),
  AfterCall: () => withWords(['call'], import('./AfterCall')),
  QueueCard: () => import('./QueueCard'),
  ComingLine: () => withWords(['call'], import('./ComingLine')),
};
const LiveCall = lazy(LATER.LiveCall);
const AfterCall = lazy(LATER.AfterCall);
const QueueCard = lazy(LATER.QueueCard);
const ComingLine = lazy(LATER.ComingLine);

function loadLater(): void {
  for (const load of Object.values(LATER)) load().catch(() => undefined);
}

export default function TalkPage() {
  const { t } = useTranslation('talk');
  const talk = useTalk();
  const { state } = talk.call;
  const heading = useArrivalFocus<HTMLHeadingElement>();
  const { message, announce } = useAnnouncer();
  const elsewhere = useOtherCall(isUnderway(state));

  useEffect(() => whenIdle(loadLater), []);
  useEffect(() => {
    if (state.kind === 'ended') announce(t('announcements.ended'));
  }, [state.kind, announce, t]);

  return (
    <main
      id="main"
      tabIndex={-1}
      className={`flex flex-col ${isUnderway(state) ? 'flex-[1_0_auto]' : 'flex-1'}`}
    >
      <LeaveGuard live={isUnderway(state)} />
      <div role="status" aria-live="polite" className="sr-only">
        {message}
      </div>
      <Suspense>
        <ComingLine silent={isUnderway(state)} />
      </Suspense>
      {state.kind === 'idle' && (
        <Welcome
          secure={window.isSecureContext}
          elsewhere={elsewhere}
          choices={talk.choices}
          earlier={talk.goingOn ? talk.earlier : null}
          onStart={talk.begin}
          headingRef={heading}
        />
      )}
      {isUnderway(state) && <Underway talk={talk} state={state} announce={announce} />}
      <Suspense>
        <AfterCall talk={talk} />
      </Suspense>
    </main>
  );
}

type Begun = Extract<Talk['call']['state'], { kind: 'starting' | 'live' }>;

function Underway(props: { talk: Talk; state: Begun; announce: (message: string) => void }) {
  const { talk, state, announce } = props;
  const { t } = useTranslation('talk');
  const step = state.kind === 'starting' ? state.step : null;
  const position = step?.kind === 'queued' ? step.place.position : null;
  useEffect(() => {
    if (position !== null) announce(t('queue.place', { count: position }));
  }, [position, announce, t]);
  if (step?.kind === 'queued') {
    return <QueueCard place={step.place} askedAt_ms={step.asked_at_ms} onCancel={talk.call.end} />;
  }
  return (
    <Suspense>
      <LiveCall
        room={state.room}
        mode={state.mode}
        step={step}
        choices={talk.choices}
        entries={talk.entries}
        dispatch={talk.dispatch}
        announce={announce}
        onEnd={talk.call.end}
        onFail={talk.call.fail}
        onTold={talk.call.told}
      />
    </Suspense>
  );
}
