/** That part of a line's form which says where calls go out, and how all of them travel. */

import { useTranslation } from 'react-i18next';
import { SelectField, TextField } from '../../ui/Field';
import type { Edit } from './LineForm';

const TRANSPORTS = ['auto', 'udp', 'tcp', 'tls'] as const;
const ENCRYPTIONS = ['disable', 'allow', 'require'] as const;

export function CallsOut({ edit }: { edit: Edit }) {
  const { t } = useTranslation('calls');
  const { draft, line, set, field } = edit;
  return (
    <fieldset className="flex flex-col gap-4 border-line border-t pt-4">
      <legend className="sr-only">{t('form.outTitle')}</legend>
      <div aria-hidden className="font-semibold">
        {t('form.outTitle')}
      </div>
      <p className="-mt-3 text-soft text-sm">{t('form.outIntro')}</p>
      <TextField
        {...field('outbound_address')}
        label={t('form.outAddress')}
        hint={t('form.outAddressHint')}
        autoComplete="off"
        maxLength={255}
        value={draft.outbound_address}
        onChange={({ target }) => set({ outbound_address: target.value })}
      />
      {draft.outbound_address.trim() !== '' && (
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            {...field('outbound_user')}
            label={t('form.user')}
            autoComplete="off"
            maxLength={64}
            value={draft.outbound_user}
            onChange={({ target }) => set({ outbound_user: target.value })}
          />
          <TextField
            {...field('outbound_password')}
            label={t('form.password')}
            hint={line?.has_outbound_password ? t('form.passwordKept') : undefined}
            type="password"
            autoComplete="new-password"
            value={draft.outbound_password}
            onChange={({ target }) => set({ outbound_password: target.value })}
          />
        </div>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          {...field('transport')}
          label={t('form.transport')}
          value={draft.transport}
          options={TRANSPORTS.map((value) => ({ value, label: t(`form.transports.${value}`) }))}
          onChange={({ target }) =>
            set({ transport: TRANSPORTS.find((one) => one === target.value) ?? draft.transport })
          }
        />
        <SelectField
          {...field('media_encryption')}
          label={t('form.encryption')}
          value={draft.media_encryption}
          options={ENCRYPTIONS.map((value) => ({ value, label: t(`form.encryptions.${value}`) }))}
          onChange={({ target }) =>
            set({
              media_encryption:
                ENCRYPTIONS.find((one) => one === target.value) ?? draft.media_encryption,
            })
          }
        />
      </div>
    </fieldset>
  );
}
