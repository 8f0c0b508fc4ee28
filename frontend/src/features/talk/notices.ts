/** What a person must know during a call, as a closed list in order of urgency. */

import { i18n, t } from '../../i18n';
import { STAGES, type Stage } from '../../voice/events';
import { unreachable } from '../../voice/problem';
import type { Ailment } from '../../voice/useAgentEvents';

/** A hiccup shorter than this is not worth a word; one longer deserves more than a chip. */
export const CHIP_AFTER_S = 1;
export const BANNER_AFTER_S = 3;

export type Notice =
  | { kind: 'reconnecting'; seconds: number }
  | { kind: 'audio_blocked'; action: () => void }
  | { kind: 'agent_away' }
  | { kind: 'agent_slow' }
  | { kind: 'stage_down'; stage: Stage; since_ms: number | null }
  | { kind: 'stop_failed' }
  | { kind: 'talk_key_failed' }
  | { kind: 'microphone_lost' }
  | { kind: 'microphone_silent'; device: string | null }
  | { kind: 'agent_error'; code: string; message: string | null; action: () => void }
  | { kind: 'standby'; stages: readonly Stage[]; since_ms: number | null };

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
  const plain = (title: string, body: string): NoticeWords => {
    return { key: notice.kind, quiet: false, title, body, aside: null, action: null };
  };
  switch (notice.kind) {
    case 'reconnecting':
      return {
        ...plain(t('talk:notices.reconnectingTitle'), t('talk:notices.reconnectingBody')),
        aside: t('talk:notices.reconnectingFor', { seconds: notice.seconds }),
      };
    case 'audio_blocked':
      return {
        ...plain(t('talk:notices.audioBlockedTitle'), t('talk:notices.audioBlockedBody')),
        action: { label: t('talk:notices.audioBlockedAction'), run: notice.action },
      };
    case 'agent_away':
      return plain(t('talk:notices.agentAwayTitle'), t('talk:notices.agentAwayBody'));
    case 'agent_slow':
      return plain(t('talk:notices.agentSlowTitle'), t('talk:notices.agentSlowBody'));
    case 'stage_down':
      return {
        ...plain(t(`talk:notices.stageDownTitle.${notice.stage}`), t('talk:notices.stageDownBody')),
        key: `stage_down:${notice.stage}`,
        aside: sinceWords(notice.since_ms),
      };
    case 'stop_failed':
      return plain(t('talk:notices.stopFailedTitle'), t('talk:notices.stopFailedBody'));
    case 'talk_key_failed':
      return plain(t('talk:notices.talkKeyFailedTitle'), t('talk:notices.talkKeyFailedBody'));
    case 'standby':
      return {
        ...plain(
          t('talk:notices.standbyTitle', { stages: listed(notice.stages) }),
          t('talk:notices.standbyBody'),
        ),
        aside: sinceWords(notice.since_ms),
        quiet: true,
      };
    case 'microphone_lost':
      return plain(t('talk:notices.microphoneLostTitle'), t('talk:notices.microphoneLostBody'));
    case 'microphone_silent':
      return plain(
        t('talk:notices.silentTitle', {
          device: notice.device ?? t('talk:notices.yourMicrophone'),
        }),
        t('talk:notices.silentBody'),
      );
    case 'agent_error':
      return {
        ...plain(
          t('talk:notices.agentErrorTitle'),
          notice.message ?? t('talk:notices.agentErrorBody'),
        ),
        aside: t('talk:notices.errorCode', { code: notice.code }),
        action: { label: t('talk:notices.dismiss'), run: notice.action },
      };
    default:
      return unreachable(notice);
  }
}

/** What ails the stages of the agent: those that are down one by one, the standby in one line. */
export function stageNotices(stages: Partial<Record<Stage, Ailment>>): Notice[] {
  const ill = STAGES.flatMap((stage) => {
    const ailment = stages[stage];
    return ailment ? [{ stage, ...ailment }] : [];
  });
  const down = ill.filter(({ state }) => state === 'down');
  const onStandby = ill.filter(({ state }) => state === 'fallback');
  const notices: Notice[] = down.map(({ stage, since_ms }) => {
    return { kind: 'stage_down', stage, since_ms };
  });
  if (onStandby.length > 0) {
    const begun = onStandby.flatMap(({ since_ms }) => since_ms ?? []);
    notices.push({
      kind: 'standby',
      stages: onStandby.map(({ stage }) => stage),
      since_ms: begun.length > 0 ? Math.min(...begun) : null,
    });
  }
  return notices;
}

function sinceWords(since_ms: number | null): string | null {
  if (since_ms === null) return null;
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'short' }).format(since_ms);
  return t('talk:notices.since', { time });
}

function listed(stages: readonly Stage[]): string {
  const names = stages.map((stage) => t(`talk:notices.standbyFor.${stage}`));
  return new Intl.ListFormat(i18n.language).format(names);
}
