/** The fields of the way in, named so that browsers and password managers know them. */

import { useTranslation } from 'react-i18next';
import { TextField } from '../../ui/Field';
import { type Entered, type EntryField, MIN_PASSWORD_CHARS, type Refusal } from './refusals';

type Props = {
  kind: 'known' | 'new';
  asks: readonly EntryField[];
  given?: Partial<Entered>;
  refusals: readonly Refusal[];
};

export function fieldId(field: EntryField): string {
  return `entry-${field}`;
}

export function EntryFields({ kind, asks, given, refusals }: Props) {
  const { t } = useTranslation('account');
  const errorOf = (field: EntryField) => {
    const refusal = refusals.find((one) => one.field === field);
    return refusal ? t(`refusals.${refusal.reason}`) : null;
  };
  return (
    <>
      {asks.includes('setup_code') && (
        <TextField
          id={fieldId('setup_code')}
          name="setup_code"
          label={t('fields.setupCode')}
          hint={t('fields.setupCodeHint')}
          error={errorOf('setup_code')}
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
      )}
      {asks.includes('invite') && (
        <TextField
          id={fieldId('invite')}
          name="invite"
          label={t('fields.invite')}
          hint={t('fields.inviteHint')}
          error={errorOf('invite')}
          defaultValue={given?.invite}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
      )}
      <TextField
        id={fieldId('login')}
        name="username"
        label={t('fields.login')}
        hint={kind === 'new' ? t('fields.loginHint') : undefined}
        error={errorOf('login')}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <TextField
        id={fieldId('password')}
        name="password"
        type="password"
        label={t('fields.password')}
        hint={kind === 'new' ? t('fields.passwordHint', { count: MIN_PASSWORD_CHARS }) : undefined}
        error={errorOf('password')}
        autoComplete={kind === 'new' ? 'new-password' : 'current-password'}
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      {asks.includes('preferred_name') && (
        <TextField
          id={fieldId('preferred_name')}
          name="preferred_name"
          label={t('fields.preferredName')}
          hint={t('fields.preferredNameHint')}
          error={errorOf('preferred_name')}
          autoComplete="nickname"
          maxLength={100}
        />
      )}
    </>
  );
}
