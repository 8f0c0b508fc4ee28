/** The call itself, from plain props: state, captions, transcript, text and controls. */

import { type Ref, useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { CaptionContrast, CaptionSize } from '../../app/preferences';
import type { CallMode } from '../../voice/callState';
import type { Transcript } from '../../voice/transcript';
import { Captions } from './Captions';
import { Composer } from './Composer';
import { ControlBar, type ControlBarProps } from './ControlBar';
import { Notices } from './Notices';
import { BANNER_AFTER_S, type Notice } from './notices';
import { StateLine, type StateLineProps } from './StateLine';
import { TranscriptPanel } from './TranscriptPanel';
import { type Face, Visualizer } from './Visualizer';
import './call.css';

export type CallScreenProps = ControlBarProps &
  StateLineProps & {
    mode: CallMode;
    /** A word of help below the state while the call is being set up. */
    hint: string | null;
    entries: Transcript;
    notices: readonly Notice[];
    captionLook: { size: CaptionSize; contrast: CaptionContrast };
    onSend: (message: string) => Promise<void>;
    face: Face | null;
    visualizerRef?: Ref<HTMLDivElement>;
  };

export function CallScreen(props: CallScreenProps) {
  const { t } = useTranslation('talk');
  const { mode, state, hint, entries, notices, reconnecting_s, captions, onSend } = props;
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
          <div className="flex w-full items-center gap-x-4 lg:w-auto lg:flex-col lg:gap-6">
            <Visualizer small look={state.kind} face={props.face} ref={props.visualizerRef} />
            <StateLine {...props} />
          </div>
          {hint && <p className="text-balance text-center text-sm text-soft">{hint}</p>}
          {captions.on && (
            <Captions entries={entries} placeholder={placeholder} {...props.captionLook} />
          )}
        </div>
      </div>
      <div className="call-transcript relative min-w-0">
        {/* Out of the flow: a long transcript scrolls inside and never makes the page longer. */}
        <div className="absolute inset-0 flex flex-col">
          <TranscriptPanel timed entries={entries}>
            <Composer onSend={onSend} autoFocus={mode === 'text'} />
          </TranscriptPanel>
        </div>
      </div>
      <div className="call-controls min-w-0">
        <ControlBar
          mute={props.mute}
          talkKey={props.talkKey}
          soundOff={props.soundOff}
          captions={captions}
          options={props.options}
          onEnd={props.onEnd}
        />
      </div>
    </section>
  );
}
