/** The controls of a call, always in the same place and named by what they do. */

import {
  Captions as CaptionsIcon,
  CaptionsOff,
  Mic,
  MicOff,
  PhoneOff,
  SlidersHorizontal,
  Volume2,
  VolumeX,
} from 'lucide-react';
import { type ComponentProps, type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { focusIfFree } from './focusIfFree';
import { type CallOptions, OptionsPanel, type Toggle } from './OptionsPanel';
import { type HeldKey, TalkKeyButton } from './TalkKeyButton';

export type ControlBarProps = {
  /** Null in a call without a microphone. */
  mute: Toggle | null;
  /** Takes the place of Mute while the agent hears only a held key. */
  talkKey: HeldKey | null;
  soundOff: Toggle;
  captions: Toggle;
  /** Null until the call is live. */
  options: CallOptions | null;
  onEnd: () => void;
};

export function ControlBar(props: ControlBarProps) {
  const { mute, talkKey, soundOff, captions, options, onEnd } = props;
  const { t } = useTranslation('talk');
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  // Escape closes the panel and never anything bigger.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open) return;
    event.preventDefault();
    close();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only listens for Escape from inside.
    <div className="relative flex w-full justify-center" onKeyDown={onKeyDown}>
      {open && options && (
        <div className="absolute bottom-full z-10 mb-3 flex w-full justify-center">
          <OptionsPanel options={options} captions={captions} onClose={close} />
        </div>
      )}
      <fieldset
        aria-label={t('call.controls')}
        className="flex w-full max-w-lg justify-center gap-0.5 rounded-full border border-line bg-surface p-1.5 shadow-sm sm:w-auto sm:gap-1"
      >
        {talkKey && <TalkKeyButton {...talkKey} />}
        {mute && !talkKey && (
          <Control
            label={t('call.mute')}
            pressed={mute.on}
            onClick={mute.toggle}
            // Focus goes from Start to here, so that the next key press is not lost.
            ref={focusIfFree}
          >
            {mute.on ? <MicOff aria-hidden size={22} /> : <Mic aria-hidden size={22} />}
          </Control>
        )}
        <Control label={t('call.soundOff')} pressed={soundOff.on} onClick={soundOff.toggle}>
          {soundOff.on ? <VolumeX aria-hidden size={22} /> : <Volume2 aria-hidden size={22} />}
        </Control>
        {/* On a phone it is among the options: there is no room for its name. */}
        <Control
          className="hidden sm:flex"
          label={t('call.captions')}
          pressed={captions.on}
          onClick={captions.toggle}
        >
          {captions.on ? (
            <CaptionsIcon aria-hidden size={22} />
          ) : (
            <CaptionsOff aria-hidden size={22} />
          )}
        </Control>
        <Control
          ref={opener}
          label={t('call.options')}
          aria-expanded={open}
          disabled={!options}
          onClick={() => setOpen(!open)}
        >
          <SlidersHorizontal aria-hidden size={22} />
        </Control>
        <Control label={t('call.end')} danger onClick={onEnd}>
          <PhoneOff aria-hidden size={22} />
        </Control>
      </fieldset>
    </div>
  );
}

type ControlProps = ComponentProps<'button'> & {
  label: string;
  pressed?: boolean;
  danger?: boolean;
  children: ReactNode;
};

function Control({
  label,
  pressed,
  danger = false,
  className = 'flex',
  children,
  ...rest
}: ControlProps) {
  const look = danger
    ? 'bg-danger text-on-danger hover:bg-danger-strong'
    : pressed
      ? 'bg-ink text-canvas'
      : 'text-ink hover:bg-raised';
  return (
    <button
      type="button"
      aria-pressed={pressed}
      className={`${className} h-14 min-w-0 flex-1 flex-col items-center justify-center gap-0.5 whitespace-nowrap rounded-full px-1 text-[0.6875rem] transition-colors disabled:opacity-50 forced-colors:aria-pressed:border-2 sm:w-20 sm:flex-none sm:text-xs ${look}`}
      {...rest}
    >
      {children}
      {label}
    </button>
  );
}
