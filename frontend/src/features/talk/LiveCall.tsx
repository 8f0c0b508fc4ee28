/** Connects the call screen to the room: everything livekit ends here. */

import { RoomAudioRenderer, useConnectionState, useStartAudio } from '@livekit/components-react';
import { ConnectionState, type Room } from 'livekit-client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { setPreferences, usePreferences } from '../../app/preferences';
import { t } from '../../i18n';
import { usePageTitle } from '../../ui/pageTitle';
import { agentState } from '../../voice/agentState';
import type { CallMode, StartStep } from '../../voice/callState';
import type { EndedReason } from '../../voice/events';
import { internetOf } from '../../voice/internet';
import type { Problem } from '../../voice/problem';
import { sendText } from '../../voice/sendText';
import { runningTool, type Transcript, type TranscriptAction } from '../../voice/transcript';
import { useAgentEvents } from '../../voice/useAgentEvents';
import { useAgentPresence } from '../../voice/useAgentPresence';
import { type DeviceList, useDevices } from '../../voice/useDevices';
import { useInterrupt } from '../../voice/useInterrupt';
import { useLevel } from '../../voice/useLevel';
import { useMicrophone } from '../../voice/useMicrophone';
import { usePushToTalk } from '../../voice/usePushToTalk';
import { useReconnecting } from '../../voice/useReconnecting';
import { useSilence } from '../../voice/useSilence';
import { useTranscription } from '../../voice/useTranscription';
import { useWakeLock } from '../../voice/useWakeLock';
import { CallScreen } from './CallScreen';
import type { Choices } from './choices';
import {
  useEscape,
  useFailureOf,
  useLevelWriter,
  useLossOf,
  useSpokenReplies,
} from './liveEffects';
import { CHIP_AFTER_S, type Notice, stageNotices } from './notices';
import { useWho } from './useWho';
import { stateWords } from './words';

/** Kept outside so that the hook sees the same object each time. */
const NO_PROPS = {};

type Props = {
  room: Room;
  mode: CallMode;
  step: StartStep | null;
  choices: Choices;
  entries: Transcript;
  dispatch: (action: TranscriptAction) => void;
  announce: (message: string) => void;
  onEnd: () => void;
  onFail: (problem: Problem) => void;
  /** The agent said why it ends the call. */
  onTold: (reason: EndedReason) => void;
};

export default function LiveCall(props: Props) {
  const { room, mode, step, choices, entries, dispatch, announce, onEnd } = props;
  const preferences = usePreferences();
  const connection = useConnectionState(room);
  const live = step === null;
  const steady = live && connection === ConnectionState.Connected;
  const reconnecting_s = useReconnecting(connection);
  const presence = useAgentPresence(room, steady);
  const microphone = useMicrophone(room);
  const agent = presence.kind === 'present' ? presence : null;
  const keyed = preferences.pushToTalk && mode === 'voice' && live;
  const talkKey = usePushToTalk(room, agent?.identity ?? null, keyed);
  const silent = useSilence(microphone.track, microphone.muted);
  const devices = { input: useDevices(room, 'input'), output: useDevices(room, 'output') };
  const [soundOff, setSoundOff] = useState(false);
  const { canPlayAudio } = useStartAudio({ room, props: NO_PROPS });
  const { news, dismissError } = useAgentEvents(room, dispatch, props.onTold);
  const who = useWho(room, { agent: agent?.identity ?? null, persona: news.persona }, choices);
  useTranscription(room, dispatch);
  useWakeLock(true);
  useFailureOf(presence, props.onFail);
  useLossOf(presence, dispatch);

  const state = agentState({
    connected: live,
    reconnecting: reconnecting_s !== null && reconnecting_s >= CHIP_AFTER_S,
    reported: agent?.reported ?? null,
    tool: runningTool(entries)?.name ?? null,
    muted: microphone.muted,
    mode,
    talkKey: keyed ? (talkKey.held ? 'down' : 'up') : null,
  });
  const words = stateWords(state);
  useEffect(() => announce(words), [announce, words]);
  usePageTitle(words);
  useSpokenReplies(soundOff, entries, announce);

  const speaking = state.kind === 'speaking';
  const interrupt = useInterrupt(room, agent?.identity ?? null, speaking);
  useEscape(speaking, interrupt.stop);

  const visualizer = useRef<HTMLDivElement>(null);
  useLevel(microphone.muted ? null : microphone.track, useLevelWriter(visualizer, '--level-user'));
  useLevel(soundOff ? null : (agent?.track ?? null), useLevelWriter(visualizer, '--level-agent'));

  const onSend = useCallback(
    async (message: string) => {
      await sendText(room, message);
      dispatch({ type: 'typed', id: `typed:${performance.now()}`, text: message });
    },
    [room, dispatch],
  );
  const unlockAudio = () => void room.startAudio().catch(() => undefined);

  const notices: Notice[] = [];
  if (!canPlayAudio && !soundOff) notices.push({ kind: 'audio_blocked', action: unlockAudio });
  if (presence.kind === 'away') notices.push({ kind: 'agent_away' });
  if (agent?.slow) notices.push({ kind: 'agent_slow' });
  notices.push(...stageNotices(news.stages));
  if (speaking && interrupt.failed) notices.push({ kind: 'stop_failed' });
  if (talkKey.failed) notices.push({ kind: 'talk_key_failed' });
  if (microphone.failed) notices.push({ kind: 'microphone_lost' });
  else if (silent) {
    notices.push({ kind: 'microphone_silent', device: activeLabel(devices.input) });
  }
  if (news.error) notices.push({ kind: 'agent_error', ...news.error, action: dismissError });

  const options = {
    devices,
    who: who.picker,
    pushToTalk:
      mode === 'voice'
        ? {
            on: preferences.pushToTalk,
            toggle: () => setPreferences({ pushToTalk: !preferences.pushToTalk }),
          }
        : null,
  };

  return (
    <>
      <RoomAudioRenderer room={room} muted={soundOff} />
      <CallScreen
        mode={mode}
        state={state}
        hint={hintFor(step, mode)}
        entries={entries}
        notices={notices}
        reconnecting_s={reconnecting_s}
        latency_s={news.latency_s}
        mute={mode === 'voice' ? { on: microphone.muted, toggle: microphone.toggle } : null}
        soundOff={{ on: soundOff, toggle: () => setSoundOff(!soundOff) }}
        talkKey={keyed ? talkKey : null}
        captions={{
          on: preferences.captions,
          toggle: () => setPreferences({ captions: !preferences.captions }),
        }}
        captionLook={{ size: preferences.captionSize, contrast: preferences.captionContrast }}
        options={live ? options : null}
        face={who.persona && { name: who.persona.name, imageUrl: who.persona.image_url }}
        internet={internetOf(news.internet, entries)}
        recording={news.recording}
        onStop={interrupt.stop}
        onSend={onSend}
        onEnd={onEnd}
        visualizerRef={visualizer}
      />
    </>
  );
}

function hintFor(step: StartStep | null, mode: CallMode): string | null {
  return step?.kind === 'microphone' && mode === 'voice' ? t('talk:call.allowMicrophone') : null;
}

function activeLabel(list: DeviceList): string | null {
  return list.devices.find((device) => device.id === list.activeId)?.label || null;
}
