import { describe, expect, it } from 'vitest';
import { bodyOf, draftOf, type LineDraft, problemsOf } from './lineDraft';
import { plainNumber } from './number';
import { type Line, warningsOf } from './phone';

const LINE: Line = {
  id: 'l1',
  name: 'Home',
  numbers: ['+4930123456'],
  allowed_addresses: ['203.0.113.0/24'],
  trusted_callers: [],
  auth_user: null,
  has_password: false,
  has_pin: true,
  outbound_address: null,
  outbound_user: null,
  has_outbound_password: false,
  transport: 'tls',
  media_encryption: 'require',
  persona_id: null,
  has_owner: true,
  created_at: '2026-11-20T12:00:00Z',
  state: 'ready',
  reason: null,
};

describe('a number', () => {
  it.each([
    ['+49 (30) 123-456', '+4930123456'],
    ['+33 1.23/45', '+3312345'],
  ])('%s is %s', (typed, plain) => expect(plainNumber(typed)).toBe(plain));

  it.each([
    '',
    'anna',
    '+49 (0)30 123456',
    '49+30',
    '+',
    '030 123',
    '+1234567890123456',
    'sip:+491@x',
  ])('“%s” is none', (typed) => expect(plainNumber(typed)).toBeNull());
});

describe('what a line leaves open', () => {
  it.each([
    [{}, []],
    [{ allowed_addresses: ['0.0.0.0/0'] }, ['anyAddress']],
    [{ allowed_addresses: ['::/7'] }, ['anyAddress']],
    [{ allowed_addresses: [] }, ['anyAddress']],
    [{ allowed_addresses: ['203.0.113.7'] }, []],
    [{ has_pin: false }, ['noPin']],
    [{ has_pin: false, trusted_callers: ['+491'] }, ['forged']],
    [{ trusted_callers: ['+491'] }, []],
    [{ transport: 'auto' as const }, ['plain']],
    [{ media_encryption: 'allow' as const }, ['plain']],
  ])('%o: %o', (change, warnings) => expect(warningsOf({ ...LINE, ...change })).toEqual(warnings));
});

describe('a line while it is edited', () => {
  const fresh = (change: Partial<LineDraft>) => ({
    ...draftOf(null),
    name: 'Home',
    numbers: '+4930',
    ...change,
  });
  const problems = (change: Partial<LineDraft>, line: Line | null = null) =>
    Object.entries(problemsOf(fresh(change), line)).map(([name, { kind }]) => [name, kind]);

  it.each([
    [{}, [['allowed_addresses', 'openTrunk']]],
    [{ allowed_addresses: '203.0.113.1', name: ' ' }, [['name', 'nameMissing']]],
    [{ allowed_addresses: '203.0.113.1', numbers: '+49\nanna' }, [['numbers', 'numbersWrong']]],
    [{ allowed_addresses: '203.0.113.1', numbers: '' }, [['numbers', 'numbersMissing']]],
    [{ auth_user: 'pbx' }, [['auth_password', 'passwordMissing']]],
    [{ auth_user: 'pbx', auth_password: 'short' }, [['auth_password', 'passwordShort']]],
    [{ auth_user: 'pbx', auth_password: 'long enough' }, []],
    [
      { allowed_addresses: '203.0.113.1', outbound_address: 'x', outbound_user: 'me' },
      [['outbound_password', 'passwordMissing']],
    ],
    [{ allowed_addresses: '203.0.113.1', auth_password: 'x' }, [['auth_user', 'userMissing']]],
    [{ allowed_addresses: '203.0.113.1', asks_pin: true, pin: '12' }, [['pin', 'pinWrong']]],
  ])('with %o has the problems %o', (change, found) => expect(problems(change)).toEqual(found));

  it('keeps the secrets that are not typed anew', () => {
    const line = { ...LINE, auth_user: 'pbx', has_password: true };
    const draft = draftOf(line);
    expect(problemsOf(draft, line)).toEqual({});
    const body = bodyOf(draft);
    expect(body).not.toHaveProperty('pin');
    expect(body).not.toHaveProperty('auth_password');
  });

  it('takes away the PIN and the password that are not wanted any more', () => {
    const line = { ...LINE, auth_user: 'pbx', has_password: true };
    const body = bodyOf({ ...draftOf(line), asks_pin: false, auth_user: '' });
    expect(body).toMatchObject({ pin: null, auth_user: null, auth_password: null });
  });

  it('sends numbers as they are dialled, one each', () => {
    const body = bodyOf(fresh({ numbers: ' +49 30 1\n\n+49 30 2; ' }));
    expect(body.numbers).toEqual(['+49301', '+49302']);
  });
});
