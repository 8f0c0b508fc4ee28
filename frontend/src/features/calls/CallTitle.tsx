/** Which way a call went, and with whom. */

import { PhoneIncoming, PhoneOutgoing } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { type Call, numberOf } from './calls';

export function CallTitle({ call }: { call: Call }) {
  const { t } = useTranslation('calls');
  const Icon = call.direction === 'inbound' ? PhoneIncoming : PhoneOutgoing;
  return (
    <h3 className="flex flex-wrap items-center gap-x-2 font-medium">
      <Icon aria-hidden size={18} className="shrink-0 text-soft" />
      {numberOf(call)}
      <span className="font-normal text-soft text-sm">{t(`directions.${call.direction}`)}</span>
    </h3>
  );
}
