/** That part of a line's form which says who may call in, and who of them is known. */

import { useTranslation } from 'react-i18next';
import { TextAreaField, TextField } from '../../ui/Field';
import { Switch } from '../../ui/Switch';
import type { Edit } from './LineForm';

export function CallsIn({ edit }: { edit: Edit }) {
  const { t } = useTranslation('calls');
  const { draft, line, set, field } = edit;
  return (
    <fieldset className="flex flex-col gap-4 border-line border-t pt-4">
      <legend className="sr-only">{t('form.inTitle')}</legend>
      <div aria-hidden className="font-semibold">
        {t('form.inTitle')}
      </div>
      <p className="-mt-3 text-soft text-sm">{t('form.inIntro')}</p>
      <TextAreaField
        {...field('allowed_addresses')}
        label={t('form.addresses')}
        hint={t('form.addressesHint')}
        rows={2}
        value={draft.allowed_addresses}
        onChange={({ target }) => set({ allowed_addresses: target.value })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          {...field('auth_user')}
          label={t('form.user')}
          autoComplete="off"
          maxLength={64}
          value={draft.auth_user}
          onChange={({ target }) => set({ auth_user: target.value })}
        />
        <TextField
          {...field('auth_password')}
          label={t('form.password')}
          hint={line?.has_password ? t('form.passwordKept') : undefined}
          type="password"
          autoComplete="new-password"
          value={draft.auth_password}
          onChange={({ target }) => set({ auth_password: target.value })}
        />
      </div>
      <Switch
        label={t('form.askPin')}
        hint={t('form.askPinHint')}
        checked={draft.asks_pin}
        onChange={(asks_pin) => set({ asks_pin, pin: '' })}
      />
      {draft.asks_pin && (
        <div className="max-w-56">
          <TextField
            {...field('pin')}
            label={t('form.pin')}
            hint={line?.has_pin ? t('form.passwordKept') : t('form.pinHint')}
            type="password"
            inputMode="numeric"
            autoComplete="new-password"
            maxLength={16}
            value={draft.pin}
            onChange={({ target }) => set({ pin: target.value })}
          />
        </div>
      )}
      <TextAreaField
        {...field('trusted_callers')}
        label={t('form.trusted')}
        hint={t('form.trustedHint')}
        rows={2}
        value={draft.trusted_callers}
        onChange={({ target }) => set({ trusted_callers: target.value })}
      />
    </fieldset>
  );
}
