/** Tries, step by step, whether a call gets through from this very browser. */

import { Download, Play } from 'lucide-react';
import { useEffect, useReducer, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { fetchTicket } from '../../client/token';
import { Badge, type Tone } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ErrorCard } from '../../ui/ErrorCard';
import { Spinner } from '../../ui/Spinner';
import { type Outcome, runChecks, STEPS, type Step, type StepResult } from './checks';
import type { Status } from './health';
import { downloadReport } from './report';

type State = {
  kind: 'idle' | 'running' | 'done' | 'refused';
  step: Step | null;
  results: readonly StepResult[];
  error: Error | null;
};
type Event =
  | { kind: 'begun' }
  | { kind: 'step'; step: Step }
  | { kind: 'result'; result: StepResult }
  | { kind: 'done' }
  | { kind: 'refused'; error: Error };

const IDLE: State = { kind: 'idle', step: null, results: [], error: null };
const TONES: Record<Outcome, Tone> = {
  passed: 'good',
  failed: 'bad',
  skipped: 'neutral',
  silent: 'warn',
  denied: 'warn',
};

function reduce(state: State, event: Event): State {
  switch (event.kind) {
    case 'begun':
      return { ...IDLE, kind: 'running' };
    case 'step':
      return { ...state, step: event.step };
    case 'result':
      return { ...state, step: null, results: [...state.results, event.result] };
    case 'done':
      return { ...state, kind: 'done', step: null };
    case 'refused':
      return { ...state, kind: 'refused', error: event.error };
  }
}

export default function ConnectionTest({ status }: { status: Status | null }) {
  const { t } = useTranslation('health');
  const [state, tell] = useReducer(reduce, IDLE);
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  async function run() {
    const abort = new AbortController();
    running.current = abort;
    tell({ kind: 'begun' });
    try {
      const ticket = await fetchTicket(undefined, abort.signal);
      await runChecks(
        ticket,
        (step) => tell({ kind: 'step', step }),
        (result) => tell({ kind: 'result', result }),
        abort.signal,
      );
      tell({ kind: 'done' });
    } catch (error) {
      if (!abort.signal.aborted) tell({ kind: 'refused', error: error as Error });
    }
  }

  const { kind, step, results } = state;
  return (
    <Card title={t('test.title')} intro={t('test.intro')}>
      <div className="flex flex-wrap gap-3">
        <Button look="primary" busy={kind === 'running'} onClick={() => void run()}>
          {kind !== 'running' && <Play aria-hidden size={18} />}
          {t(kind === 'done' ? 'test.again' : 'test.start')}
        </Button>
        {kind === 'done' && (
          <Button onClick={() => downloadReport(results, status)}>
            <Download aria-hidden size={18} />
            {t('test.report')}
          </Button>
        )}
      </div>
      <p role="status" className="empty:absolute">
        {step && t('test.trying', { step: t(`test.steps.${step}`) })}
        {kind === 'done' && t(`test.overall.${verdictOf(results)}`)}
      </p>
      {state.error && <ErrorCard error={state.error} title={t('test.refused')} />}
      {kind !== 'idle' && (
        <ol className="flex flex-col divide-y divide-line">
          {STEPS.map((each) => (
            <StepItem
              key={each}
              step={each}
              result={results.find((result) => result.step === each) ?? null}
              trying={each === step}
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

type ItemProps = { step: Step; result: StepResult | null; trying: boolean };

function StepItem({ step, result, trying }: ItemProps) {
  const { t } = useTranslation('health');
  return (
    <li className="flex flex-col gap-1 py-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="font-medium">{t(`test.steps.${step}`)}</span>
        {trying && <Spinner />}
        {result && (
          <Badge tone={TONES[result.outcome]}>{t(`test.outcomes.${result.outcome}`)}</Badge>
        )}
      </div>
      {result && <p className="text-soft text-sm">{t(explanationOf(result))}</p>}
    </li>
  );
}

type Explanation =
  | `test.explained.${'websocket' | 'webrtc' | 'reconnect' | 'publishAudio'}.${'passed' | 'failed'}`
  | `test.explained.turn.${'passed' | 'failed' | 'skipped'}`
  | `test.explained.publishAudio.${'silent' | 'denied'}`;

export function explanationOf({
  step,
  outcome,
}: Pick<StepResult, 'step' | 'outcome'>): Explanation {
  if (step === 'turn' && outcome === 'skipped') return 'test.explained.turn.skipped';
  if (step === 'publishAudio' && (outcome === 'silent' || outcome === 'denied'))
    return `test.explained.publishAudio.${outcome}`;
  return `test.explained.${step}.${outcome === 'passed' ? 'passed' : 'failed'}`;
}

/** Without a relay or a loud microphone a call still gets through. */
export function verdictOf(results: readonly StepResult[]): 'good' | 'fair' | 'bad' {
  const outcome = (step: Step) => results.find((result) => result.step === step)?.outcome;
  if (outcome('websocket') !== 'passed' || outcome('webrtc') !== 'passed') return 'bad';
  return results.every((result) => result.outcome === 'passed' || result.outcome === 'skipped')
    ? 'good'
    : 'fair';
}
