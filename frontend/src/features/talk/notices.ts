/** What a person must know during a call, as a closed list in order of urgency. */

import { text } from '../../i18n';
import type { Stage } from '../../voice/events';
import { unreachable } from '../../voice/problem';

/** A hiccup shorter than this is not worth a word; one longer deserves more than a chip. */
export const CHIP_AFTER_S = 1;
export const BANNER_AFTER_S = 3;

export type Notice =
  | { kind: 'reconnecting'; seconds: number }
  | { kind: 'audio_blocked'; action: () => void }
  | { kind: 'agent_away' }
  | { kind: 'agent_slow' }
  | { kind: 'stage_down'; stage: Stage }
  | { kind: 'stop_failed' }
  | { kind: 'microphone_lost' }
  | { kind: 'microphone_silent'; device: string | null }
  | { kind: 'agent_error'; code: string; message: string | null; action: () => void }
  | { kind: 'standby'; stages: readonly Stage[] };

export type NoticeWords = {
  key: string;
  /** News that asks for nothing: said politely, shown softly. */
  quiet: boolean;
  title: string;
  body: string;
  /** Changes too often to be read out. */
  aside: string | null;
  action: { label: string; run: () => void } | null;
};

export function noticeWords(notice: Notice): NoticeWords {
  const words = text.notices;
  const plain = (title: string, body: string): NoticeWords => {
    return { key: notice.kind, quiet: false, title, body, aside: null, action: null };
  };
  switch (notice.kind) {
    case 'reconnecting':
      return {
        ...plain(words.reconnectingTitle, words.reconnectingBody),
        aside: words.reconnectingFor(notice.seconds),
      };
    case 'audio_blocked':
      return {
        ...plain(words.audioBlockedTitle, words.audioBlockedBody),
        action: { label: words.audioBlockedAction, run: notice.action },
      };
    case 'agent_away':
      return plain(words.agentAwayTitle, words.agentAwayBody);
    case 'agent_slow':
      return plain(words.agentSlowTitle, words.agentSlowBody);
    case 'stage_down':
      return {
        ...plain(words.stageDownTitle[notice.stage], words.stageDownBody),
        key: `stage_down:${notice.stage}`,
      };
    case 'stop_failed':
      return plain(words.stopFailedTitle, words.stopFailedBody);
    case 'standby':
      return {
        ...plain(words.standbyTitle(listed(notice.stages)), words.standbyBody),
        quiet: true,
      };
    case 'microphone_lost':
      return plain(words.microphoneLostTitle, words.microphoneLostBody);
    case 'microphone_silent':
      return plain(words.silentTitle(notice.device ?? words.yourMicrophone), words.silentBody);
    case 'agent_error':
      return {
        ...plain(words.agentErrorTitle, notice.message ?? words.agentErrorBody),
        aside: words.errorCode(notice.code),
        action: { label: words.dismiss, run: notice.action },
      };
    default:
      return unreachable(notice);
  }
}

function listed(stages: readonly Stage[]): string {
  const names = stages.map((stage) => text.notices.standbyFor[stage]);
  return new Intl.ListFormat(text.language).format(names);
}
