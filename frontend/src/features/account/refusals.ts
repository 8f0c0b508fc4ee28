/** Why somebody could not come in: the field that is wrong, and the words for it. */

import { ApiError, fieldErrors } from '../../client/ApiError';

export const FIELDS = ['login', 'password', 'invite', 'setup_code', 'preferred_name'] as const;
export type EntryField = (typeof FIELDS)[number];

/** Keys under `account:refusals`. */
export type Reason =
  | 'login_missing'
  | 'login_form'
  | 'login_taken'
  | 'password_missing'
  | 'password_too_short'
  | 'password_too_long'
  | 'password_is_login'
  | 'password_common'
  | 'wrong_credentials'
  | 'too_many_attempts'
  | 'account_disabled'
  | 'signup_closed'
  | 'invite_missing'
  | 'invite_invalid'
  | 'setup_code_missing'
  | 'setup_code_wrong'
  | 'already_set_up'
  | 'name_form';

export type Refusal = { field: EntryField | null; reason: Reason };

const BY_CODE: Readonly<Record<string, Refusal>> = {
  login_taken: { field: 'login', reason: 'login_taken' },
  password_too_short: { field: 'password', reason: 'password_too_short' },
  password_too_long: { field: 'password', reason: 'password_too_long' },
  password_is_login: { field: 'password', reason: 'password_is_login' },
  password_common: { field: 'password', reason: 'password_common' },
  wrong_credentials: { field: 'password', reason: 'wrong_credentials' },
  too_many_attempts: { field: null, reason: 'too_many_attempts' },
  account_disabled: { field: null, reason: 'account_disabled' },
  signup_closed: { field: null, reason: 'signup_closed' },
  invite_invalid: { field: 'invite', reason: 'invite_invalid' },
  setup_code_wrong: { field: 'setup_code', reason: 'setup_code_wrong' },
  already_set_up: { field: null, reason: 'already_set_up' },
};

const BY_FIELD: Readonly<Record<string, Refusal>> = {
  login: { field: 'login', reason: 'login_form' },
  password: { field: 'password', reason: 'password_too_long' },
  invite: { field: 'invite', reason: 'invite_invalid' },
  setup_code: { field: 'setup_code', reason: 'setup_code_wrong' },
  preferred_name: { field: 'preferred_name', reason: 'name_form' },
};

/** Empty for a failure that has nothing to do with what was entered. */
export function refusalsOf(error: Error): Refusal[] {
  if (!(error instanceof ApiError)) return [];
  const known = BY_CODE[error.code ?? ''];
  if (known) return [known];
  return Object.keys(fieldErrors(error)).flatMap((field) => BY_FIELD[field] ?? []);
}

export type Entered = Record<EntryField, string>;

const LOGIN = /^[\p{L}\p{N}_.@+-]{2,64}$/u;
export const MIN_PASSWORD_CHARS = 10;

/** What need not be sent to be known wrong. `asked` are the fields on the form. */
export function missingIn(
  entered: Entered,
  asked: readonly EntryField[],
  kind: 'known' | 'new',
): Refusal[] {
  const found: Refusal[] = [];
  const login = entered.login.trim();
  if (login === '') found.push({ field: 'login', reason: 'login_missing' });
  else if (kind === 'new' && !LOGIN.test(login)) found.push(BY_FIELD.login as Refusal);
  if (entered.password === '') found.push({ field: 'password', reason: 'password_missing' });
  else if (kind === 'new' && [...entered.password].length < MIN_PASSWORD_CHARS)
    found.push({ field: 'password', reason: 'password_too_short' });
  if (asked.includes('invite') && entered.invite.trim() === '')
    found.push({ field: 'invite', reason: 'invite_missing' });
  if (asked.includes('setup_code') && entered.setup_code.trim() === '')
    found.push({ field: 'setup_code', reason: 'setup_code_missing' });
  return found;
}
