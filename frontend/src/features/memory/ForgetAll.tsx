/** Forgets everything known about the user, after a word typed to confirm. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { changed, forgetAll } from './memories';

export function ForgetAll({ onNews }: { onNews: (news: string) => void }) {
  const { t } = useTranslation('memory');
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const forgetting = useMutation({
    mutationFn: forgetAll,
    onSuccess: async ({ deleted }) => {
      setOpen(false);
      onNews(t('forgotten', { count: deleted }));
      await changed(client);
    },
  });
  return (
    <>
      <Button look="quiet" onClick={() => setOpen(true)}>
        <Trash2 aria-hidden size={18} />
        {t('forget')}
      </Button>
      <ConfirmDialog
        open={open}
        onClose={() => {
          forgetting.reset();
          setOpen(false);
        }}
        onConfirm={() => forgetting.mutate()}
        title={t('forgetTitle')}
        body={t('forgetBody')}
        confirmLabel={t('forget')}
        typed={t('forgetWord')}
        busy={forgetting.isPending}
        error={forgetting.error}
      />
    </>
  );
}
