/** Whether the agent may look things up outside of its server, and whether it does so now. */

import { currentCall, isTool, type Transcript } from './transcript';

export type Internet = 'off' | 'on' | 'now';

/** Tools that leave the server; those of tool servers are known by the sources they bring. */
const REACHING_TOOLS = new Set(['web_search', 'read_page']);

export function internetOf(allowed: boolean, entries: Transcript): Internet {
  const tools = currentCall(entries).filter(isTool);
  const reaching = tools.filter((tool) => REACHING_TOOLS.has(tool.name));
  if (reaching.some((tool) => tool.state === 'running')) return 'now';
  const used = reaching.length > 0 || tools.some((tool) => tool.citations.length > 0);
  return allowed || used ? 'on' : 'off';
}
