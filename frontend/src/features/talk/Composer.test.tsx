// @vitest-environment jsdom
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { Composer } from './Composer';

/** A working line to the agent whose failures are scripted. */
const line = (...outcomes: ('sent' | 'lost')[]) => {
  const received: string[] = [];
  const onSend = async (message: string) => {
    if (outcomes.shift() === 'lost') throw new Error('lost');
    received.push(message);
  };
  render(<Composer onSend={onSend} />);
  return {
    received,
    box: screen.getByRole('textbox', { name: 'Message' }),
    user: userEvent.setup(),
  };
};

describe('typing to the agent', () => {
  it('sends with Enter and empties the box', async () => {
    const { received, box, user } = line();
    await user.type(box, ' Hello {Enter}');
    expect(received).toEqual(['Hello']);
    expect(box).toHaveValue('');
  });

  it('breaks the line with Shift and Enter', async () => {
    const { received, box, user } = line();
    await user.type(box, 'one{Shift>}{Enter}{/Shift}two');
    await user.click(screen.getByRole('button', { name: 'Send' }));
    expect(received).toEqual(['one\ntwo']);
    expect(box).toHaveFocus();
  });

  it('does not go on about a text that was given up', async () => {
    const { box, user } = line('lost');
    await user.type(box, 'Hello{Enter}');
    await user.clear(box);
    expect(screen.getByRole('alert')).toBeEmptyDOMElement();
  });

  it('keeps the text when it could not be sent, says so, and sends it on retry', async () => {
    const { received, box, user } = line('lost', 'sent');
    await user.type(box, 'Hello{Enter}');
    expect(box).toHaveValue('Hello');
    expect(screen.getByRole('alert')).toHaveTextContent('Not sent');
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(received).toEqual(['Hello']);
    expect(screen.getByRole('alert')).toBeEmptyDOMElement();
  });

  it('sends nothing that is only space', async () => {
    const { received, box, user } = line();
    await user.type(box, '   {Enter}');
    expect(received).toEqual([]);
    expect(screen.getByRole('button', { name: 'Send' })).toBeDisabled();
  });
});
