// @vitest-environment jsdom
import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answers, failure, renderScreen } from '../../../test/screen';
import CallsPage from './CallsPage';
import type { Call } from './calls';
import type { Line, PhoneStatus } from './phone';

afterEach(() => vi.unstubAllGlobals());

const OFF: PhoneStatus = {
  sip_reachable: false,
  redis: false,
  lines: [],
  calls_on: 0,
  max_calls: 4,
  may_dial: false,
};
const ON: PhoneStatus = { ...OFF, sip_reachable: true, redis: true, may_dial: true };
const LINE: Line = {
  id: 'l1',
  name: 'Home',
  numbers: ['+4930123456'],
  allowed_addresses: ['203.0.113.0/24'],
  trusted_callers: [],
  auth_user: null,
  has_password: false,
  has_pin: false,
  outbound_address: 'sip.example.com',
  outbound_user: null,
  has_outbound_password: false,
  transport: 'auto',
  media_encryption: 'allow',
  persona_id: null,
  has_owner: true,
  created_at: '2026-11-20T12:00:00Z',
  state: 'ready',
  reason: null,
};
const call = (id: string, more: Partial<Call> = {}): Call => ({
  id,
  direction: 'inbound',
  caller: `+49${id}`,
  called: '+4930123456',
  line_id: 'l1',
  state: 'ended',
  started_at: '2026-11-20T12:00:00Z',
  answered_at: '2026-11-20T12:00:05Z',
  ended_at: '2026-11-20T12:01:10Z',
  ended_reason: 'user_hung_up',
  conversation_id: null,
  conversation_open: true,
  ...more,
});
const live = (id: string) =>
  call(id, {
    state: 'live',
    answered_at: new Date(Date.now() - 65_000).toISOString(),
    ended_at: null,
    ended_reason: null,
  });

/** A server with these lines and calls; what a test plans itself goes before. */
function show(
  has: { status?: PhoneStatus; lines?: Line[]; calls?: Call[] },
  answers: Answers = {},
) {
  return renderScreen(<CallsPage />, {
    path: '/calls',
    answers: {
      'GET /api/phone/status': () => has.status ?? ON,
      'GET /api/phone/lines': () => ({ lines: has.lines ?? [] }),
      'GET /api/personas': { personas: [] },
      'GET /api/calls': ({ query }) => ({
        calls: (has.calls ?? [])
          .filter(({ state }) => (state === 'ended') === (query.get('state') === 'ended'))
          .slice(0, Number(query.get('limit') ?? 30)),
        next_cursor: null,
      }),
      ...answers,
    },
  });
}

describe('a telephone that is off', () => {
  it('says how to switch it on', async () => {
    show({ status: OFF });
    expect(await screen.findByText('The telephone is switched off')).toBeVisible();
    expect(screen.getByText('docker compose --profile sip up -d')).toBeVisible();
    expect(screen.getByText('PARLEY_PHONE=on')).toBeVisible();
    expect(await screen.findByText('No calls yet')).toBeVisible();
  });

  it('is a fault where there are lines already', async () => {
    show({ status: OFF, lines: [LINE] });
    expect(await screen.findByText('The telephone service does not answer')).toBeVisible();
    expect(screen.queryByText('The telephone is switched off')).toBeNull();
  });
});

describe('a call that is going on', () => {
  it('shows how long it lasts and is hung up once that was confirmed', async () => {
    const has = { lines: [LINE], calls: [live('1')] };
    const { user } = show(has, {
      'DELETE /api/calls/1': () => {
        has.calls = [call('1', { ended_reason: 'room_closed' })];
        return null;
      },
    });
    expect(await screen.findByText(/^for 1:0\d$/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Hang up the call with +491' }));
    const dialog = within(await screen.findByRole('alertdialog'));
    await user.click(dialog.getByRole('button', { name: 'Hang up' }));
    expect(await screen.findByText('No call is going on.')).toBeVisible();
    await waitFor(() => expect(screen.getByText('The call with +491 was hung up.')).toHaveFocus());
    expect(await screen.findByText('Hung up here or on the server')).toBeVisible();
  });

  it('says so when the server is lost', async () => {
    let lost = false;
    const { client } = show(
      {},
      {
        'GET /api/calls': ({ query }) =>
          lost
            ? failure(503, 'unavailable')
            : { calls: query.get('state') === 'live' ? [live('1')] : [], next_cursor: null },
      },
    );
    await screen.findByRole('button', { name: /Hang up the call/ });
    lost = true;
    await client.invalidateQueries({ queryKey: ['calls', 'live'] });
    expect(await screen.findByRole('alert')).toBeVisible();
    expect(screen.getByRole('button', { name: /Hang up the call/ })).toBeVisible();
  });

  it('is shown among many', async () => {
    show({ calls: Array.from({ length: 31 }, (_, place) => live(`${place}`)) });
    expect(await screen.findAllByRole('button', { name: /Hang up the call/ })).toHaveLength(31);
  });

  it('stays where hanging up fails, and says so', async () => {
    const { user } = show(
      { calls: [live('1')] },
      { 'DELETE /api/calls/1': failure(503, 'sfu_unreachable') },
    );
    await user.click(await screen.findByRole('button', { name: /Hang up the call/ }));
    const dialog = within(await screen.findByRole('alertdialog'));
    await user.click(dialog.getByRole('button', { name: 'Hang up' }));
    expect(await dialog.findByRole('alert')).toHaveTextContent('not ready just now');
  });
});

describe('the history', () => {
  it('tells the way, the line, the length and the end of each call', async () => {
    const missed = call('2', {
      direction: 'outbound',
      called: '+33123',
      answered_at: null,
      ended_reason: 'callee_busy',
    });
    show({ lines: [LINE], calls: [call('1', { conversation_id: 'c 1' }), missed] });
    const [first, second] = await screen.findAllByTestId('ended-call');
    expect(first).toHaveTextContent(/\+491.*Incoming.*lasted 1:05.*Home.*The other side hung up/);
    expect(within(first as HTMLElement).getByRole('link')).toHaveAttribute(
      'href',
      '/conversations/c%201',
    );
    expect(second).toHaveTextContent(/\+33123.*Outgoing.*not answered.*The number was busy/);
  });

  it('goes on by its cursor', async () => {
    const { user } = show(
      {},
      {
        'GET /api/calls': ({ query }) => {
          if (query.get('state') !== 'ended') return { calls: [], next_cursor: null };
          const second = query.get('cursor') === 'next';
          return { calls: [call(second ? '2' : '1')], next_cursor: second ? null : 'next' };
        },
      },
    );
    await user.click(await screen.findByRole('button', { name: 'Load more' }));
    expect(await screen.findByText('+492')).toBeVisible();
    expect(screen.getByText('+491')).toBeVisible();
  });
});

describe('calling somebody', () => {
  const number = () => screen.findByRole('textbox', { name: 'Number' });
  const dialButton = () => screen.getByRole('button', { name: 'Call' });

  it('is not offered without a line that calls out', async () => {
    show({ lines: [{ ...LINE, outbound_address: null }] });
    expect(await screen.findByTestId('line')).toBeVisible();
    expect(screen.queryByText('Call somebody')).toBeNull();
  });

  it('is not offered where nobody may be called', async () => {
    show({ lines: [LINE], status: { ...ON, may_dial: false } });
    expect(await screen.findByTestId('line')).toBeVisible();
    expect(screen.queryByText('Call somebody')).toBeNull();
  });

  it('asks for a number, and for one that is a number', async () => {
    const { user, calls } = show({ lines: [LINE] });
    const field = await number();
    await user.click(dialButton());
    expect(field).toHaveAccessibleDescription(/Enter the number to call/);
    await user.type(field, 'anna');
    await user.click(dialButton());
    expect(field).toHaveAccessibleDescription(/Write it with \+ and the country code/);
    expect(field).toHaveFocus();
    expect(calls.some(({ method }) => method === 'POST')).toBe(false);
  });

  it('dials what was typed without its spaces', async () => {
    const { user, calls } = show(
      { lines: [LINE] },
      { 'POST /api/calls': call('9', { state: 'ringing' }) },
    );
    await user.type(await number(), '+49 (30) 123-456{Enter}');
    expect(await screen.findByText('Calling +4930123456…')).toBeVisible();
    const sent = calls.find(({ method }) => method === 'POST')?.body;
    expect(sent).toEqual({ to: '+4930123456', line_id: 'l1' });
  });

  it('says which setting forbids a number', async () => {
    const { user } = show(
      { lines: [LINE] },
      { 'POST /api/calls': failure(403, 'number_not_allowed') },
    );
    const field = await number();
    await user.type(field, '+1900{Enter}');
    await waitFor(() => expect(field).toHaveAccessibleDescription(/BACKEND_PHONE_DIAL_ALLOW/));
  });
});

describe('a line', () => {
  /** Typed letter by letter, a form would take its seconds. */
  const enter = async (user: ReturnType<typeof show>['user'], name: string, text: string) => {
    await user.click(screen.getByRole('textbox', { name }));
    await user.paste(text);
  };
  const fill = async (user: ReturnType<typeof show>['user']) => {
    await user.click(await screen.findByRole('button', { name: 'Add a line' }));
    await enter(user, 'Name', 'Home');
    await enter(user, 'Numbers', '+49 30 123456');
  };

  it('is not saved open to the whole internet', async () => {
    const { user, calls } = show({});
    await fill(user);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    const addresses = screen.getByRole('textbox', { name: 'Allowed addresses' });
    expect(addresses).toHaveAccessibleDescription(/else the whole internet may/);
    expect(screen.getByRole('alert')).toHaveFocus();
    expect(calls.some(({ method }) => method === 'POST')).toBe(false);
  });

  it('is added, and waits for the telephone', async () => {
    const has: { status: PhoneStatus; lines: Line[] } = { status: OFF, lines: [] };
    const { user, calls } = show(has, {
      'POST /api/phone/lines': () => {
        has.lines = [LINE];
        has.status = { ...OFF, lines: [{ id: 'l1', state: 'pending', reason: null }] };
        return LINE;
      },
    });
    await fill(user);
    await enter(user, 'Allowed addresses', '203.0.113.0/24');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    const line = await screen.findByTestId('line');
    expect(line).toHaveTextContent(/Home.*Waiting for the telephone.*\+4930123456/);
    await waitFor(() => expect(screen.getByText('“Home” was saved.')).toHaveFocus());
    expect(calls.find(({ method }) => method === 'POST')?.body).toMatchObject({
      numbers: ['+4930123456'],
      allowed_addresses: ['203.0.113.0/24'],
      pin: null,
    });
  });

  it('says at the field what the server did not like', async () => {
    const { user } = show(
      {},
      {
        'POST /api/phone/lines': failure(422, 'invalid_request', {
          message: 'not a network',
          param: 'allowed_addresses.0',
        }),
      },
    );
    await fill(user);
    await enter(user, 'Allowed addresses', '203.0.113.300');
    const addresses = screen.getByRole('textbox', { name: 'Allowed addresses' });
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(addresses).toHaveAccessibleDescription(/not a network/));
  });

  it('warns of what it leaves open', async () => {
    show({ lines: [{ ...LINE, trusted_callers: ['+491'] }] });
    const line = await screen.findByTestId('line');
    expect(line).toHaveTextContent('A caller’s number can be forged.');
    expect(line).toHaveTextContent('Calls are not encrypted');
  });

  it('says why it does not work', async () => {
    const seen = { id: 'l1', state: 'failed' as const, reason: 'numbers overlap' };
    show({ status: { ...ON, lines: [seen] }, lines: [LINE] });
    expect(await screen.findByText('numbers overlap')).toBeVisible();
    expect(screen.getByText('Does not work')).toBeVisible();
  });

  it('is deleted once that was confirmed', async () => {
    const has = { lines: [LINE] };
    const { user } = show(has, {
      'DELETE /api/phone/lines/l1': () => {
        has.lines = [];
        return null;
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Delete Home' }));
    const dialog = within(await screen.findByRole('alertdialog'));
    await user.click(dialog.getByRole('button', { name: 'Delete' }));
    expect(await screen.findByText(/There is no line yet/)).toBeVisible();
    await waitFor(() => expect(screen.getByText('“Home” was deleted.')).toHaveFocus());
  });
});
