/** The call itself, from plain props: state, captions, transcript, text and controls. */

import { Square } from 'lucide-react';
import { type Ref, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import type { AgentState } from '../../voice/agentState';
import type { CallMode } from '../../voice/callState';
import { unreachable } from '../../voice/problem';
import type { Transcript } from '../../voice/transcript';
import { Captions } from './Captions';
import { Composer } from './Composer';
import { ControlBar, type ControlBarProps } from './ControlBar';
import { Notices } from './Notices';
import { BANNER_AFTER_S, CHIP_AFTER_S, type Notice } from './notices';
import { TranscriptPanel } from './TranscriptPanel';
import { Visualizer } from './Visualizer';
import { secondsWords, stateWords } from './words';
import './call.css';

export type CallScreenProps = ControlBarProps & {
  mode: CallMode;
  state: AgentState;
  /** A word of help below the state while the call is being set up. */
  hint: string | null;
  entries: Transcript;
  notices: readonly Notice[];
  reconnecting_s: number | null;
  latency_s: number | null;
  /** Makes the agent stop speaking. */
  onStop: () => void;
  onSend: (message: string) => Promise<void>;
  visualizerRef?: Ref<HTMLDivElement>;
};

export function CallScreen(props: CallScreenProps) {
  const { t } = useTranslation('talk');
  const { mode, state, hint, entries, notices, reconnecting_s, latency_s, onSend } = props;
  const headingId = useId();
  const placeholder =
    mode === 'voice' ? t('captions.placeholderVoice') : t('captions.placeholderText');
  const shown = reconnecting_s !== null && reconnecting_s >= BANNER_AFTER_S;
  const all: readonly Notice[] = shown
    ? [{ kind: 'reconnecting', seconds: reconnecting_s }, ...notices]
    : notices;
  return (
    <section aria-labelledby={headingId} className="call-grid flex-[1_0_auto]">
      <h1 id={headingId} className="sr-only">
        {t('call.heading')}
      </h1>
      <div className="call-stage flex min-w-0 flex-col items-center gap-3">
        <Notices notices={all} />
        <div className="flex flex-col items-center justify-center gap-3 self-stretch lg:flex-1 lg:gap-5">
          <div className="flex flex-wrap items-center justify-center gap-x-4 gap-y-1 lg:flex-col lg:gap-6">
            <Visualizer small look={state.kind} ref={props.visualizerRef} />
            <StateLine
              state={state}
              latency_s={latency_s}
              reconnecting_s={reconnecting_s}
              onStop={props.onStop}
            />
          </div>
          {hint && <p className="text-balance text-center text-sm text-soft">{hint}</p>}
          <Captions entries={entries} placeholder={placeholder} />
        </div>
      </div>
      <div className="call-transcript relative min-w-0">
        {/* Out of the flow: a long transcript scrolls inside and never makes the page longer. */}
        <div className="absolute inset-0 flex flex-col">
          <TranscriptPanel entries={entries}>
            <Composer onSend={onSend} autoFocus={mode === 'text'} />
          </TranscriptPanel>
        </div>
      </div>
      <div className="call-controls min-w-0">
        <ControlBar
          mute={props.mute}
          soundOff={props.soundOff}
          devices={props.devices}
          onEnd={props.onEnd}
        />
      </div>
    </section>
  );
}

type StateLineProps = Pick<CallScreenProps, 'state' | 'latency_s' | 'reconnecting_s' | 'onStop'>;

function StateLine({ state, latency_s, reconnecting_s, onStop }: StateLineProps) {
  const { t } = useTranslation('talk');
  const away = reconnecting_s !== null && reconnecting_s >= CHIP_AFTER_S;
  return (
    <div className="relative flex flex-wrap items-center justify-center gap-2">
      <p data-testid="agent-state" data-state={state.kind} className="font-semibold text-lg">
        {stateWords(state)}
      </p>
      {away && (
        <span
          data-testid="connection-chip"
          className="rounded-full bg-warn-soft px-2.5 py-0.5 text-warn text-xs tabular-nums"
        >
          {t('notices.reconnectingFor', { seconds: reconnecting_s })}
        </span>
      )}
      {hasFloor(state) && latency_s !== null && (
        <span
          data-testid="latency"
          title={t('call.latencyHint')}
          className="rounded-full bg-raised px-2.5 py-0.5 text-soft text-xs tabular-nums"
        >
          {t('call.latency', { seconds: secondsWords(latency_s) })}
        </span>
      )}
      {/* Keeps its place while there is nothing to stop: nothing else may move under the finger. */}
      <Button
        className={`text-sm lg:absolute lg:left-full lg:ml-3 ${state.kind === 'speaking' ? '' : 'invisible'}`}
        aria-keyshortcuts="Escape"
        title={t('call.stopHint')}
        onClick={onStop}
      >
        <Square aria-hidden size={14} fill="currentColor" />
        {t('call.stop')}
      </Button>
    </div>
  );
}

/** Between replies and during them the last latency is news; while something is pending it misleads. */
function hasFloor(state: AgentState): boolean {
  switch (state.kind) {
    case 'listening':
    case 'waiting_for_text':
    case 'muted':
    case 'speaking':
      return true;
    case 'connecting':
    case 'getting_ready':
    case 'thinking':
    case 'using_tool':
    case 'reconnecting':
      return false;
    default:
      return unreachable(state);
  }
}
