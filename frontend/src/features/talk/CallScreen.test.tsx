// @vitest-environment jsdom
import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { timesFrom } from '../../voice/events';
import type { SpeechEntry } from '../../voice/transcript';
import type { DeviceList } from '../../voice/useDevices';
import { CallScreen, type CallScreenProps } from './CallScreen';

const speech = (fields: Partial<SpeechEntry>): SpeechEntry => {
  const base = {
    kind: 'speech',
    id: 'u1',
    role: 'user',
    text: 'Hello',
    source: 'voice',
    timing: null,
  } as const;
  return { ...base, status: 'final', ...fields };
};
const devices = (...labels: string[]): DeviceList => {
  const list = labels.map((label) => ({ id: label, label }));
  return { devices: list, activeId: labels[0] ?? '', choose: vi.fn(), failed: false };
};
const who = {
  personas: [],
  voices: [{ id: 'nova', name: 'Nova', language: 'en' }],
  personaId: null,
  voice: null,
  onPersona: vi.fn(),
  onVoice: vi.fn(),
  failed: null,
};
const show = (fields: Partial<CallScreenProps> = {}) => {
  const props: CallScreenProps = {
    mode: 'voice',
    state: { kind: 'listening' },
    hint: null,
    entries: [],
    notices: [],
    reconnecting_s: null,
    latency_s: null,
    mute: { on: false, toggle: vi.fn() },
    soundOff: { on: false, toggle: vi.fn() },
    talkKey: null,
    captions: { on: true, toggle: vi.fn() },
    captionLook: { size: 'medium', contrast: 'normal' },
    options: {
      devices: { input: devices('Built-in', 'Headset'), output: devices('Speakers') },
      who,
      pushToTalk: { on: false, toggle: vi.fn() },
    },
    face: null,
    internet: 'off',
    recording: false,
    onStop: vi.fn(),
    onSend: vi.fn(async () => undefined),
    onEnd: vi.fn(),
    ...fields,
  };
  const view = render(<CallScreen {...props} />);
  const update = (more: Partial<CallScreenProps>) =>
    view.rerender(<CallScreen {...props} {...more} />);
  return { props, update, user: userEvent.setup() };
};
const button = (name: string) => screen.getByRole('button', { name });

describe('the state line', () => {
  it('says what the agent does', () => {
    show({ state: { kind: 'using_tool', tool: 'set_timer' } });
    expect(screen.getByTestId('agent-state')).toHaveTextContent('Using set timer');
  });

  it('shows the latency between replies but not while one is pending', () => {
    const { update } = show({ latency_s: 0.87 });
    expect(screen.getByTestId('latency')).toHaveTextContent('0.9 s');
    update({ latency_s: 0.87, state: { kind: 'thinking' } });
    expect(screen.queryByTestId('latency')).not.toBeInTheDocument();
  });
});

describe('what a caller must know', () => {
  it('is that the call is recorded, and when the internet may be or is used', () => {
    const { update } = show();
    expect(screen.queryByTestId('recording')).not.toBeInTheDocument();
    update({ recording: true, internet: 'on' });
    expect(screen.getByTestId('recording').closest('[role=status]')).toHaveTextContent(
      'This call is recorded',
    );
    expect(screen.getByTestId('internet')).toHaveTextContent('Internet on');
    update({ internet: 'now' });
    expect(screen.getByTestId('internet')).toHaveTextContent('On the internet now');
  });
});

describe('the face of the agent', () => {
  const face = { name: 'Ada Byron', imageUrl: '/ada.webp' };

  it('is hidden from those who listen, and its letters stand in for a picture', () => {
    const { update } = show({ face: { ...face, imageUrl: null } });
    expect(screen.getByText('AB').closest('[aria-hidden]')).toBeInTheDocument();
    update({ face });
    expect(document.querySelector('img')).toHaveAttribute('src', '/ada.webp');
    fireEvent.error(document.querySelector('img') as HTMLImageElement);
    expect(screen.getByText('AB')).toBeInTheDocument();
  });
});

describe('the time of a reply', () => {
  const times = timesFrom({
    ...{ e2e_latency_s: 0.62, stt_final_at_s: 0.26, turn_decided_at_s: 0.35, llm_ttft_s: 0.2 },
    ...{ llm_first_token_at_s: 0.27, first_phrase_at_s: 0.38, first_sound_at_s: 0.5 },
  });
  const timed = (latency: number, id: string) =>
    speech({
      id,
      role: 'agent',
      timing: {
        times: { ...times, e2e_latency_s: latency },
        preemptive: true,
        discarded: 1,
        fallbacks: ['tts'],
      },
    });

  it('is a picture with a table as its twin, and says what was unusual', async () => {
    const { user } = show({ entries: [timed(0.62, 'a1')] });
    const chip = screen.getByTestId('reply-latency');
    await user.click(within(chip).getByText(/0\.6 s/));
    expect(within(chip).getByTestId('waterfall')).toHaveAttribute('aria-hidden');
    const rows = within(chip).getAllByRole('row').slice(1);
    expect(rows.map((row) => row.textContent)).toEqual([
      'Words understood0.00 s0.26 s',
      'End of turn0.00 s0.35 s',
      'First word thought (ahead of time)0.07 s0.27 s',
      'First sentence (ahead of time)0.27 s0.38 s',
      'First sound sent0.50 s0.50 s',
    ]);
    expect(chip).toHaveTextContent('1 reply was begun too early and thrown away.');
    expect(chip).toHaveTextContent('The standby served speech.');
  });

  it('has a middle and a tail for the call', () => {
    show({ entries: [timed(0.5, 'a1'), timed(0.7, 'a2'), timed(0.9, 'a3')] });
    expect(screen.getByTestId('call-latency')).toHaveTextContent(
      'Median wait 0.7 s · 95 % within 0.9 s',
    );
  });
});

describe('push-to-talk', () => {
  const talkKey = () => ({ held: false, press: vi.fn(), release: vi.fn() });

  it('is a button to hold in the place of Mute, with Space or the pointer', async () => {
    const key = talkKey();
    const { user } = show({ talkKey: key, state: { kind: 'waiting_for_key' } });
    expect(screen.queryByRole('button', { name: 'Mute' })).not.toBeInTheDocument();
    expect(button('Hold to talk')).toHaveFocus();
    await user.keyboard('{ >}');
    expect([key.press.mock.calls.length, key.release.mock.calls.length]).toEqual([1, 0]);
    await user.keyboard('{/ }');
    expect(key.release).toHaveBeenCalledOnce();
  });

  it('lets go when the focus moves on', async () => {
    const key = talkKey();
    const { user } = show({ talkKey: key });
    await user.tab();
    expect(key.release).toHaveBeenCalled();
  });
});

describe('captions as wanted', () => {
  it('can be off, large and plain', () => {
    const { update } = show({ captionLook: { size: 'largest', contrast: 'high' } });
    const region = screen.getByRole('region', { name: 'Captions' });
    expect(region).toHaveAttribute('data-size', 'largest');
    expect(region).toHaveAttribute('data-contrast', 'high');
    update({ captions: { on: false, toggle: vi.fn() } });
    expect(screen.queryByRole('region', { name: 'Captions' })).not.toBeInTheDocument();
  });
});

describe('reconnecting', () => {
  it('stays quiet, then shows a chip, then a banner with the seconds', () => {
    const { update } = show({ reconnecting_s: 0 });
    expect(screen.queryByTestId('connection-chip')).not.toBeInTheDocument();
    update({ reconnecting_s: 1 });
    expect(screen.getByTestId('connection-chip')).toHaveTextContent('1 s');
    expect(screen.queryByText('The connection is interrupted')).not.toBeInTheDocument();
    update({ reconnecting_s: 4 });
    const title = screen.getByText('The connection is interrupted');
    expect(within(title).getByText('4 s')).toHaveAttribute('aria-hidden');
    expect(button('End')).toBeEnabled();
  });
});

describe('captions', () => {
  it('show the last words of each side and mark text that may change', () => {
    show({
      entries: [
        speech({ id: 'a1', role: 'agent', text: 'Yes?' }),
        speech({ id: 'u1', text: 'set a', status: 'interim' }),
      ],
    });
    expect(screen.getByTestId('caption-agent')).toHaveAttribute('data-final', 'true');
    expect(screen.getByTestId('caption-user')).toHaveTextContent('set a…');
    expect(screen.getByTestId('caption-user')).toHaveAttribute('data-final', 'false');
  });
});

describe('the transcript', () => {
  it('is a log that screen readers do not read out word by word', () => {
    show({ entries: [speech({ text: 'Hello there' })] });
    const log = screen.getByRole('log', { name: 'Transcript' });
    expect(log).toHaveAttribute('aria-live', 'off');
    expect(within(log).getByText('Hello there').parentElement).toHaveAttribute('data-role', 'user');
  });

  it('says which reply was interrupted and which text was typed', () => {
    show({
      entries: [
        speech({ id: 't', source: 'typed' }),
        speech({ id: 'a', role: 'agent', text: 'Once', status: 'interrupted' }),
      ],
    });
    expect(screen.getByText(/typed/)).toBeInTheDocument();
    expect(screen.getByText(/interrupted/)).toBeInTheDocument();
  });

  it('shows tools as cards, with what they answered as plain text', () => {
    const card = { kind: 'tool', id: 'c', name: 'set_timer', state: 'finished' } as const;
    show({
      entries: [
        { ...card, arguments: null, result: '<b>14:32</b>', duration_ms: 84, citations: [] },
      ],
    });
    expect(screen.getByTestId('tool-card')).toHaveTextContent('set timerdone · 84 ms');
    expect(screen.getByText('<b>14:32</b>')).toBeInTheDocument();
  });
});

describe('sources of a tool', () => {
  it('are links that give nothing away, their titles plain text beside the site', () => {
    const card = { kind: 'tool', id: 'c', name: 'web_search', state: 'finished' } as const;
    const citations = [{ title: '<i>Tides</i>', url: 'https://www.sea.example/tides' }];
    show({ entries: [{ ...card, arguments: null, result: null, duration_ms: 84, citations }] });
    const link = screen.getByRole('link', { name: '<i>Tides</i> sea.example' });
    expect(link).toHaveAttribute('href', 'https://www.sea.example/tides');
    expect(link).toHaveAttribute('rel', 'noopener noreferrer');
  });
});

describe('stopping the agent', () => {
  it('is possible while it speaks', async () => {
    const { props, update, user } = show({ state: { kind: 'speaking' } });
    await user.click(button('Stop'));
    expect(props.onStop).toHaveBeenCalledOnce();
    update({ state: { kind: 'listening' } });
    expect(button('Stop')).toHaveClass('invisible');
  });
});

describe('controls', () => {
  it('mute says whether it is pressed and keeps its name', async () => {
    const { props, update, user } = show();
    expect(button('Mute')).toHaveAttribute('aria-pressed', 'false');
    await user.click(button('Mute'));
    expect(props.mute?.toggle).toHaveBeenCalledOnce();
    update({ mute: { on: true, toggle: vi.fn() } });
    expect(button('Mute')).toHaveAttribute('aria-pressed', 'true');
  });

  it('have no mute in a text call, where the text box has the focus', () => {
    show({ mode: 'text', mute: null });
    expect(screen.queryByRole('button', { name: 'Mute' })).not.toBeInTheDocument();
    expect(screen.getByRole('textbox', { name: 'Message' })).toHaveFocus();
  });

  it('Escape closes the options and gives the focus back, and never ends the call', async () => {
    const { props, user } = show();
    await user.keyboard('{Escape}');
    await user.click(button('Options'));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Microphone' }), 'Headset');
    expect(props.options?.devices.input.choose).toHaveBeenCalledWith('Headset');
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('combobox')).not.toBeInTheDocument();
    expect(button('Options')).toHaveFocus();
    expect(props.onEnd).not.toHaveBeenCalled();
  });

  it('work with the keyboard alone', async () => {
    const { props, user } = show();
    expect(button('Mute')).toHaveFocus();
    await user.tab();
    await user.tab();
    await user.tab();
    await user.tab();
    expect(button('End')).toHaveFocus();
    await user.keyboard('{Enter}');
    expect(props.onEnd).toHaveBeenCalledOnce();
  });
});

describe('notices', () => {
  it('go into an alert region that was there before', async () => {
    const action = vi.fn();
    const { update, user } = show();
    const regions = screen.getAllByRole('alert');
    update({
      notices: [
        { kind: 'audio_blocked', action },
        { kind: 'microphone_silent', device: 'Headset' },
        { kind: 'stage_down', stage: 'tts', since_ms: null },
      ],
    });
    expect(regions[0]).toHaveTextContent('We hear nothing from Headset');
    expect(regions[0]).toHaveTextContent('The agent’s voice is not answering');
    await user.click(button('Tap to hear the agent'));
    expect(action).toHaveBeenCalledOnce();
  });

  it('name the standby politely and once, whatever it does', () => {
    show({ notices: [{ kind: 'standby', stages: ['stt', 'tts'], since_ms: null }] });
    expect(screen.getAllByRole('alert')[0]).toBeEmptyDOMElement();
    expect(screen.getAllByRole('status')[0]).toHaveTextContent(
      'Using the standby for hearing and speech',
    );
  });
});

describe('the focus', () => {
  const talkKey = { held: false, press: vi.fn(), release: vi.fn() };

  it('stays on the switch that puts the talk key in the place of Mute', async () => {
    const { user, update } = show();
    await user.click(button('Options'));
    const key = screen.getByRole('switch', { name: 'Push to talk' });
    key.focus();
    update({ talkKey });
    expect(key).toHaveFocus();
    update({ talkKey: null });
    expect(key).toHaveFocus();
  });

  it('goes from Mute to the talk key that takes its place', () => {
    const { update } = show();
    expect(button('Mute')).toHaveFocus();
    update({ talkKey });
    expect(button('Hold to talk')).toHaveFocus();
  });
});
