/** Chooses the words for what the app knows: states, tools, devices and durations. */

import { i18n, t } from '../../i18n';
import type { AgentState } from '../../voice/agentState';
import { unreachable } from '../../voice/unreachable';

export function stateWords(state: AgentState): string {
  switch (state.kind) {
    case 'using_tool':
      return t('talk:states.using_tool', { tool: toolWords(state.tool) });
    case 'connecting':
    case 'getting_ready':
    case 'listening':
    case 'waiting_for_text':
    case 'waiting_for_key':
    case 'thinking':
    case 'speaking':
    case 'muted':
    case 'reconnecting':
      return t(`talk:states.${state.kind}`);
    default:
      return unreachable(state);
  }
}

/** `set_timer` and `setTimer` both read as "set timer". */
export function toolWords(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_\-.]+/g, ' ')
    .trim()
    .toLowerCase();
}

/** The site of a page, so that a title cannot pretend to be from elsewhere. */
export function siteWords(url: string): string {
  return new URL(url).hostname.replace(/^www\./, '');
}

/** One decimal is all that a person can feel; parts of a reply take one more to tell apart. */
export function secondsWords(seconds: number, decimals: 1 | 2 = 1): string {
  return new Intl.NumberFormat(i18n.language, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(seconds);
}

export function durationWords(duration_ms: number): string {
  return duration_ms < 1000
    ? t('talk:tools.milliseconds', { ms: Math.round(duration_ms) })
    : t('talk:tools.seconds', { seconds: secondsWords(duration_ms / 1000) });
}
