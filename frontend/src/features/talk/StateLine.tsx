/** What the agent does now, in words, with what belongs beside them: Stop, waits and warnings. */

import { Circle, Globe, Square } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import type { AgentState } from '../../voice/agentState';
import type { Internet } from '../../voice/internet';
import { unreachable } from '../../voice/problem';
import { CHIP_AFTER_S } from './notices';
import { secondsWords, stateWords } from './words';

export type StateLineProps = {
  state: AgentState;
  latency_s: number | null;
  reconnecting_s: number | null;
  internet: Internet;
  recording: boolean;
  /** Makes the agent stop speaking. */
  onStop: () => void;
};

const CHIP = 'inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-xs tabular-nums';

export function StateLine(props: StateLineProps) {
  const { state, latency_s, reconnecting_s, internet, recording, onStop } = props;
  const { t } = useTranslation('talk');
  const away = reconnecting_s !== null && reconnecting_s >= CHIP_AFTER_S;
  return (
    <div className="relative flex min-w-0 flex-1 items-center gap-2 lg:flex-none">
      <div className="flex min-w-0 flex-1 flex-col items-start gap-1 lg:items-center lg:gap-2">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1 lg:justify-center">
          <p data-testid="agent-state" data-state={state.kind} className="font-semibold text-lg">
            {stateWords(state)}
          </p>
          {away && (
            <span data-testid="connection-chip" className={`${CHIP} bg-warn-soft text-warn`}>
              {t('notices.reconnectingFor', { seconds: reconnecting_s })}
            </span>
          )}
          {hasFloor(state) && latency_s !== null && (
            <span
              data-testid="latency"
              title={t('call.latencyHint')}
              className={`${CHIP} bg-raised text-soft`}
            >
              {t('call.latency', { seconds: secondsWords(latency_s) })}
            </span>
          )}
        </div>
        <div role="status" className="flex flex-wrap gap-2 empty:absolute lg:justify-center">
          {recording && (
            <span data-testid="recording" className={`${CHIP} bg-danger-soft text-danger`}>
              <Circle aria-hidden size={10} fill="currentColor" />
              {t('call.recorded')}
            </span>
          )}
          {internet !== 'off' && (
            <span
              data-testid="internet"
              data-now={internet === 'now'}
              title={t('call.internetHint')}
              className={`${CHIP} ${internet === 'now' ? 'bg-accent text-on-accent' : 'bg-raised text-soft'}`}
            >
              <Globe aria-hidden size={12} />
              {t(internet === 'now' ? 'call.internetNow' : 'call.internetOn')}
            </span>
          )}
        </div>
      </div>
      {/* Keeps its place while there is nothing to stop: nothing else may move under the finger. */}
      <Button
        className={`shrink-0 whitespace-nowrap text-sm lg:absolute lg:left-full lg:ml-3 ${state.kind === 'speaking' ? '' : 'invisible'}`}
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
    case 'waiting_for_key':
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
