/** Connects the call screen to the room: everything livekit ends here. */

import { RoomAudioRenderer, useConnectionState, useStartAudio } from '@livekit/components-react';
import { ConnectionState, type Room } from 'livekit-client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { t } from '../../i18n';
import { usePageTitle } from '../../ui/pageTitle';
import { agentState } from '../../voice/agentState';
import type { CallMode, StartStep } from '../../voice/callState';
import { type EndedReason, STAGES } from '../../voice/events';
import type { Problem } from '../../voice/problem';
import { sendText } from '../../voice/sendText';
import { runningTool, type Transcript, type TranscriptAction } from '../../voice/transcript';
import { useAgentEvents } from '../../voice/useAgentEvents';
import { useAgentPresence } from '../../voice/useAgentPresence';
import { type DeviceList, useDevices } from '../../voice/useDevices';
import { useInterrupt } from '../../voice/useInterrupt';
import { useLevel } from '../../voice/useLevel';
import { useMicrophone } from '../../voice/useMicrophone';
import { useReconnecting } from '../../voice/useReconnecting';
import { useSilence } from '../../voice/useSilence';
import { useTranscription } from '../../voice/useTranscription';
import { useWakeLock } from '../../voice/useWakeLock';
import { CallScreen } from './CallScreen';
import {
  useEscape,
  useFailureOf,
  useLevelWriter,
  useLossOf,
  useSpokenReplies,
} from './liveEffects';
import { CHIP_AFTER_S, type Notice } from './notices';
import { stateWords } from './words';

/** Kept outside so that the hook sees the same object each time. */
const NO_PROPS = {};

type Props = {
  room: Room;
  mode: CallMode;
  step: StartStep | null;
  entries: Transcript;
  dispatch: (action: TranscriptAction) => void;
  announce: (message: string) => void;
  onEnd: () => void;
  onFail: (problem: Problem) => void;
  /** The agent said why it ends the call. */
  onTold: (reason: EndedReason) => void;
};

export default function LiveCall(props: Props) {
  const { room, mode, step, entries, dispatch, announce, onEnd, onFail, onTold } = props;
  const connection = useConnectionState(room);
  const live = step === null;
  const steady = live && connection === ConnectionState.Connected;
  const reconnecting_s = useReconnecting(connection);
  const presence = useAgentPresence(room, steady);
  const microphone = useMicrophone(room);
  const silent = useSilence(microphone.track, microphone.muted);
  const devices = { input: useDevices(room, 'input'), output: useDevices(room, 'output') };
  const [soundOff, setSoundOff] = useState(false);
  const { canPlayAudio } = useStartAudio({ room, props: NO_PROPS });
  const { news, dismissError } = useAgentEvents(room, dispatch, onTold);
  useTranscription(room, dispatch);
  useWakeLock(true);
  useFailureOf(presence, onFail);
  useLossOf(presence, dispatch);

  const state = agentState({
    connected: live,
    reconnecting: reconnecting_s !== null && reconnecting_s >= CHIP_AFTER_S,
    reported: presence.kind === 'present' ? presence.reported : null,
    tool: runningTool(entries)?.name ?? null,
    muted: microphone.muted,
    mode,
  });
  const words = stateWords(state);
  useEffect(() => announce(words), [announce, words]);
  usePageTitle(words);
  useSpokenReplies(soundOff, entries, announce);

  const speaking = state.kind === 'speaking';
  const interrupt = useInterrupt(room, presence.kind === 'present' ? presence.identity : null);
  useEscape(speaking, interrupt.stop);

  const visualizer = useRef<HTMLDivElement>(null);
  const agentTrack = presence.kind === 'present' ? presence.track : null;
  useLevel(microphone.muted ? null : microphone.track, useLevelWriter(visualizer, '--level-user'));
  useLevel(soundOff ? null : agentTrack, useLevelWriter(visualizer, '--level-agent'));

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
  if (presence.kind === 'present' && presence.slow) notices.push({ kind: 'agent_slow' });
  for (const stage of STAGES) {
    if (news.stages[stage] === 'down') notices.push({ kind: 'stage_down', stage });
  }
  if (speaking && interrupt.failed) notices.push({ kind: 'stop_failed' });
  if (microphone.failed) notices.push({ kind: 'microphone_lost' });
  else if (silent) {
    notices.push({ kind: 'microphone_silent', device: activeLabel(devices.input) });
  }
  if (news.error) notices.push({ kind: 'agent_error', ...news.error, action: dismissError });
  const onStandby = STAGES.filter((stage) => news.stages[stage] === 'fallback');
  if (onStandby.length > 0) notices.push({ kind: 'standby', stages: onStandby });

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
        devices={live ? devices : null}
        onStop={interrupt.stop}
        onSend={onSend}
        onEnd={onEnd}
        visualizerRef={visualizer}
      />
    </>
  );
}

function hintFor(step: StartStep | null, mode: CallMode): string | null {
  return step === 'microphone' && mode === 'voice' ? t('talk:call.allowMicrophone') : null;
}

function activeLabel(list: DeviceList): string | null {
  return list.devices.find((device) => device.id === list.activeId)?.label || null;
}
