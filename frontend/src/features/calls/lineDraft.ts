/** A line while it is edited: what the form holds, what is wrong with it, and what is sent. */

import { plainNumber } from './number';
import type { Line, NewLine } from './phone';

export type LineDraft = {
  name: string;
  /** Lists are edited as text, one entry on each row. */
  numbers: string;
  allowed_addresses: string;
  trusted_callers: string;
  auth_user: string;
  /** Secrets are never told: empty is as it was. */
  auth_password: string;
  asks_pin: boolean;
  pin: string;
  outbound_address: string;
  outbound_user: string;
  outbound_password: string;
  transport: Line['transport'];
  media_encryption: Line['media_encryption'];
  persona_id: string;
};

export type LineProblem =
  | {
      kind:
        | 'nameMissing'
        | 'numbersMissing'
        | 'openTrunk'
        | 'passwordMissing'
        | 'passwordShort'
        | 'userMissing'
        | 'pinWrong';
    }
  | { kind: 'numbersWrong'; entry: string };
export type LineProblems = Partial<Record<keyof LineDraft, LineProblem>>;

const PIN = /^[0-9]{4,16}$/;
/** Whoever guesses it talks to the agent. */
const PASSWORD_MIN_CHARS = 8;

export function draftOf(line: Line | null): LineDraft {
  return {
    name: line?.name ?? '',
    numbers: (line?.numbers ?? []).join('\n'),
    allowed_addresses: (line?.allowed_addresses ?? []).join('\n'),
    trusted_callers: (line?.trusted_callers ?? []).join('\n'),
    auth_user: line?.auth_user ?? '',
    auth_password: '',
    asks_pin: line?.has_pin ?? false,
    pin: '',
    outbound_address: line?.outbound_address ?? '',
    outbound_user: line?.outbound_user ?? '',
    outbound_password: '',
    transport: line?.transport ?? 'auto',
    media_encryption: line?.media_encryption ?? 'disable',
    persona_id: line?.persona_id ?? '',
  };
}

/** What can be put right before anything is sent. `line`: the one that is changed. */
export function problemsOf(draft: LineDraft, line: Line | null): LineProblems {
  const problems: LineProblems = {};
  if (draft.name.trim() === '') problems.name = { kind: 'nameMissing' };
  for (const field of ['numbers', 'trusted_callers'] as const) {
    const entry = entriesOf(draft[field]).find((one) => plainNumber(one) === null);
    if (entry !== undefined) problems[field] = { kind: 'numbersWrong', entry };
  }
  if (entriesOf(draft.numbers).length === 0) problems.numbers = { kind: 'numbersMissing' };
  const user = draft.auth_user.trim() !== '';
  const password = draft.auth_password !== '' || (line?.has_password ?? false);
  if (user && !password) problems.auth_password = { kind: 'passwordMissing' };
  if (user && draft.auth_password !== '' && draft.auth_password.length < PASSWORD_MIN_CHARS) {
    problems.auth_password = { kind: 'passwordShort' };
  }
  if (!user && draft.auth_password !== '') problems.auth_user = { kind: 'userMissing' };
  if (!user && entriesOf(draft.allowed_addresses).length === 0) {
    problems.allowed_addresses = { kind: 'openTrunk' };
  }
  const calledOut = draft.outbound_address.trim() !== '' && draft.outbound_user.trim() !== '';
  if (calledOut && draft.outbound_password === '' && !line?.has_outbound_password) {
    problems.outbound_password = { kind: 'passwordMissing' };
  }
  const kept = draft.pin === '' && line?.has_pin;
  if (draft.asks_pin && !kept && !PIN.test(draft.pin)) problems.pin = { kind: 'pinWrong' };
  return problems;
}

export function bodyOf(draft: LineDraft): NewLine {
  const user = draft.auth_user.trim() || null;
  const outbound = draft.outbound_address.trim() || null;
  const outboundUser = (outbound && draft.outbound_user.trim()) || null;
  return {
    name: draft.name.trim(),
    numbers: numbersIn(draft.numbers),
    allowed_addresses: entriesOf(draft.allowed_addresses),
    trusted_callers: numbersIn(draft.trusted_callers),
    auth_user: user,
    ...secret('auth_password', draft.auth_password, user !== null),
    ...secret('pin', draft.pin, draft.asks_pin),
    outbound_address: outbound,
    outbound_user: outboundUser,
    ...secret('outbound_password', draft.outbound_password, outboundUser !== null),
    transport: draft.transport,
    media_encryption: draft.media_encryption,
    persona_id: draft.persona_id || null,
  };
}

export function entriesOf(text: string): string[] {
  return text
    .split(/[\n,;]/)
    .map((entry) => entry.trim())
    .filter(Boolean);
}

const numbersIn = (text: string) => entriesOf(text).map((entry) => plainNumber(entry) ?? entry);

type Secret = 'auth_password' | 'pin' | 'outbound_password';

/** Left out it stays as it is; null takes it away. */
function secret(name: Secret, typed: string, wanted: boolean): Pick<NewLine, Secret> {
  if (!wanted) return { [name]: null };
  return typed === '' ? {} : { [name]: typed };
}
