// @vitest-environment jsdom
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { renderScreen } from '../../../test/screen';
import type { Choices } from './choices';
import { EndCard } from './EndCard';
import { ProblemActions, ProblemMessage } from './ProblemCard';
import { problemWords } from './problemWords';
import { Welcome } from './Welcome';

const NO_CHOICES: Choices = {
  personas: [],
  voices: [],
  personaId: null,
  voice: null,
  choosePersona: vi.fn(),
  chooseVoice: vi.fn(),
};
const button = (name: string) => screen.getByRole('button', { name });
afterEach(() => vi.useRealTimers());

describe('before the call', () => {
  it('offers a voice call and a text call', async () => {
    const onStart = vi.fn();
    renderScreen(<Welcome secure choices={NO_CHOICES} earlier={null} onStart={onStart} />);
    await userEvent.click(button('Start'));
    await userEvent.click(button('Continue with text only'));
    expect(onStart.mock.calls).toEqual([['voice'], ['text']]);
  });

  it('warns when the page cannot have a microphone', () => {
    renderScreen(<Welcome secure={false} choices={NO_CHOICES} earlier={null} onStart={vi.fn()} />);
    expect(screen.getByText(/https or localhost/)).toBeInTheDocument();
  });
});

describe('after the call', () => {
  it('says why it ended, has the focus, and can start again', async () => {
    const onStart = vi.fn();
    renderScreen(
      <EndCard
        reason="agent_hung_up"
        entries={[]}
        conversationId={null}
        cut={false}
        onStart={onStart}
        onContinue={vi.fn()}
      />,
    );
    expect(screen.getByRole('heading', { name: 'Call ended' })).toHaveFocus();
    expect(screen.getByText(/You said goodbye/)).toBeInTheDocument();
    await userEvent.click(button('Start again'));
    expect(onStart).toHaveBeenCalledWith('voice');
  });
});

describe('a problem', () => {
  it('names the services that are down', () => {
    const words = problemWords({ kind: 'agent_absent' }, 'chromium');
    const down = [{ name: 'llm', state: 'unready', lastError: null }] as const;
    render(
      <ProblemMessage
        words={words}
        health={{ kind: 'known', down }}
        reference={null}
        watching={false}
      />,
    );
    expect(screen.getByTestId('services-down')).toHaveTextContent('Language model');
  });

  it('offers a retry at once and text where typing helps', async () => {
    const onRetry = vi.fn();
    const onTextOnly = vi.fn();
    render(
      <ProblemActions
        wait_s={null}
        textOffered
        healthOffered={false}
        signInAt={null}
        onRetry={onRetry}
        onTextOnly={onTextOnly}
      />,
    );
    expect(button('Try again')).toHaveFocus();
    await userEvent.click(button('Try again'));
    await userEvent.click(button('Continue with text only'));
    expect(onRetry).toHaveBeenCalledOnce();
    expect(onTextOnly).toHaveBeenCalledOnce();
  });

  it('waits as long as the server asked before it offers the retry', () => {
    vi.useFakeTimers();
    render(
      <ProblemActions
        wait_s={2}
        textOffered={false}
        healthOffered={false}
        signInAt={null}
        onRetry={vi.fn()}
        onTextOnly={vi.fn()}
      />,
    );
    expect(button('Try again')).toBeDisabled();
    expect(screen.getByText('You can try again in 2 s.')).toBeInTheDocument();
    act(() => void vi.advanceTimersByTime(2_300));
    expect(button('Try again')).toBeEnabled();
    expect(button('Try again')).toHaveFocus();
  });
});
