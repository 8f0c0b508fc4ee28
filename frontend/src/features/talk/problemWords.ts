/** The words for each problem: what happened, why, and what to do next. */

import { t } from '../../i18n';
import { type Problem, unreachable } from '../../voice/problem';

export type ProblemWords = { title: string; cause: string; steps: readonly string[] };
export type BrowserFamily = 'chromium' | 'firefox' | 'safari' | 'ios' | 'other';

export function problemWords(problem: Problem, browser: BrowserFamily): ProblemWords {
  switch (problem.kind) {
    case 'mic_denied': {
      const system = problem.by === 'system';
      return {
        title: t('talk:problems.mic_denied.title'),
        cause: t(`talk:problems.mic_denied.${system ? 'causeSystem' : 'cause'}`),
        steps: t(`talk:problems.mic_denied.steps.${system ? 'system' : browser}`, {
          returnObjects: true,
        }),
      };
    }
    case 'insecure_page':
    case 'browser_unsupported':
    case 'mic_missing':
    case 'mic_busy':
    case 'mic_failed':
    case 'signed_out':
    case 'forbidden':
    case 'gone':
    case 'rate_limited':
    case 'too_many_calls':
    case 'no_capacity':
    case 'voice_server_down':
    case 'voice_server_unreachable':
    case 'token_refused':
    case 'media_blocked':
    case 'backend_unreachable':
    case 'request_failed':
    case 'agent_absent':
    case 'agent_left':
      return t(`talk:problems.${problem.kind}`, { returnObjects: true });
    default:
      return unreachable(problem);
  }
}

/** The seconds the server asked us to wait, or none. */
export function waitOf(problem: Problem): number | null {
  return 'retryAfter_s' in problem ? problem.retryAfter_s : null;
}

/** What the owner of the server needs to find this failure in the logs. */
export function referenceOf(problem: Problem): string | null {
  if (problem.kind !== 'request_failed') return null;
  const parts = [problem.status, problem.code, problem.requestId].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' · ') : null;
}

/** Problems where it helps to know which part of the server is down. */
export function asksForHealth(problem: Problem): boolean {
  switch (problem.kind) {
    case 'agent_absent':
    case 'agent_left':
    case 'no_capacity':
    case 'voice_server_down':
    case 'voice_server_unreachable':
    case 'media_blocked':
      return true;
    default:
      return false;
  }
}

/** Everything but what is wrong with this browser, its microphone or its person's permission. */
export function offersHealth(problem: Problem): boolean {
  switch (problem.kind) {
    case 'backend_unreachable':
    case 'request_failed':
    case 'token_refused':
    case 'rate_limited':
      return true;
    default:
      return asksForHealth(problem);
  }
}

/** Only for wording: where a browser keeps its microphone switch. */
export function browserFamily(userAgent: string): BrowserFamily {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  if (/Chrome\/|Chromium\//.test(userAgent)) return 'chromium';
  if (/Safari\//.test(userAgent)) return 'safari';
  return 'other';
}
