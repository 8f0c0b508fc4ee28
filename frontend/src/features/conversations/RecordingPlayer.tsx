/** The sound that was kept of a conversation. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { requestJson } from '../../client/api';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import ConfirmDialog from '../../ui/ConfirmDialog';
import { SelectField } from '../../ui/Field';
import { formatBytes, formatClock, formatDateTime } from '../../ui/format';
import { type ConversationDetail, changed, type Recording, recordingPath } from './conversations';
import { SpeedSelect } from './SpeedSelect';
import type { RecordingState } from './useRecording';

type Props = {
  conversation: ConversationDetail;
  state: RecordingState;
  onDeleted: () => void;
};

export function RecordingPlayer({ conversation, state, onDeleted }: Props) {
  const { t } = useTranslation(['conversations', 'common']);
  const { recording } = state;
  if (!recording) return null;
  return (
    <Card title={t('conversations:recording.title')} intro={t('conversations:recording.intro')}>
      <audio
        ref={state.audio}
        controls
        preload="metadata"
        src={recordingPath(conversation.id, recording.id)}
        aria-label={t('conversations:recording.title')}
        className="w-full"
        {...state.events}
      />
      {state.failed && (
        <div role="alert" className="flex flex-col gap-2 rounded-2xl bg-danger-soft p-4 text-sm">
          <p className="font-semibold">{t('conversations:recording.failed')}</p>
          <p>{t('conversations:recording.failedBody')}</p>
          <div>
            <Button onClick={state.retry}>{t('common:ui.retry')}</Button>
          </div>
        </div>
      )}
      <div className="flex flex-wrap items-end gap-3">
        {conversation.recordings.length > 1 && (
          <SelectField
            label={t('conversations:recording.which')}
            value={recording.id}
            options={conversation.recordings.map((one) => ({ value: one.id, label: nameOf(one) }))}
            onChange={({ target }) => state.choose(target.value)}
          />
        )}
        <SpeedSelect speed={state.speed} onChange={state.setSpeed} />
        <DeleteRecording conversation={conversation} recording={recording} onDeleted={onDeleted} />
      </div>
    </Card>
  );

  function nameOf({ started_at, duration_s }: Recording): string {
    const date = formatDateTime(started_at);
    return duration_s === null
      ? t('conversations:recording.optionOpen', { date })
      : t('conversations:recording.option', { date, length: formatClock(duration_s) });
  }
}

type DeleteProps = {
  conversation: ConversationDetail;
  recording: Recording;
  onDeleted: () => void;
};

function DeleteRecording({ conversation, recording, onDeleted }: DeleteProps) {
  const { t } = useTranslation('conversations');
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const deletion = useMutation({
    mutationFn: () =>
      requestJson(recordingPath(conversation.id, recording.id), { method: 'DELETE' }),
    onSuccess: async () => {
      setOpen(false);
      await changed(client, conversation.id, false);
      onDeleted();
    },
  });
  return (
    <>
      <Button look="quiet" onClick={() => setOpen(true)}>
        <Trash2 aria-hidden size={18} />
        {t('recording.delete')}
        <span className="text-soft text-sm">{formatBytes(recording.size_bytes)}</span>
      </Button>
      <ConfirmDialog
        open={open}
        onClose={() => {
          deletion.reset();
          setOpen(false);
        }}
        onConfirm={() => deletion.mutate()}
        title={t('recording.deleteTitle')}
        body={t('recording.deleteBody')}
        confirmLabel={t('recording.deleteConfirm')}
        busy={deletion.isPending}
        error={deletion.error}
      />
    </>
  );
}
