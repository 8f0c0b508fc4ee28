/** Asks before a conversation is deleted, and deletes it. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { type Conversation, changed, remove, titleOf } from './conversations';

type Props = {
  conversation: Conversation;
  open: boolean;
  onClose: () => void;
  onDeleted: (title: string) => void;
};

export function DeleteConversation({ conversation, open, onClose, onDeleted }: Props) {
  const { t } = useTranslation('conversations');
  const client = useQueryClient();
  const title = titleOf(conversation);
  const deletion = useMutation({
    mutationFn: () => remove(conversation.id),
    onSuccess: async () => {
      // Closed first: while it is open it keeps the focus.
      onClose();
      await changed(client, conversation.id, true);
      onDeleted(title);
    },
  });
  return (
    <ConfirmDialog
      open={open}
      onClose={() => {
        deletion.reset();
        onClose();
      }}
      onConfirm={() => deletion.mutate()}
      title={t('deleteTitle')}
      body={t('deleteBody', { title })}
      confirmLabel={t('delete')}
      busy={deletion.isPending}
      error={deletion.error}
    />
  );
}
