/** Personas as the server has them, and what can be done with one. */

import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ask, requestJson } from '../../client/api';
import type { components } from '../../client/schema';

export type Persona = components['schemas']['Personas']['personas'][number];
export type NewPersona = components['schemas']['NewPersona'];
export type Options = components['schemas']['PersonaOptions'];

/** An image is drawn by a model that may be busy with others. */
const GENERATE_WITHIN_MS = 120_000;
const UPLOAD_WITHIN_MS = 60_000;

export const personasQuery = queryOptions({
  queryKey: ['personas'],
  queryFn: async ({ signal }) => (await ask(api.GET('/api/personas', { signal }))).personas,
});

export const optionsQuery = queryOptions({
  queryKey: ['personas', 'options'],
  queryFn: ({ signal }) => ask(api.GET('/api/personas/options', { signal })),
});

export const personaQuery = (id: string) =>
  queryOptions({
    queryKey: ['personas', 'one', id],
    queryFn: ({ signal }) =>
      ask(api.GET('/api/personas/{persona_id}', { params: { path: { persona_id: id } }, signal })),
  });

/** A change of a persona: every list that shows it is asked again. */
export function usePersonaChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['personas'] }),
        client.invalidateQueries({ queryKey: ['talk', 'personas'] }),
      ]),
  });
}

const at = (id: string) => ({ params: { path: { persona_id: id } } });

export const create = (body: NewPersona) => ask(api.POST('/api/personas', { body }));
export const save = ({ id, body }: { id: string; body: NewPersona }) =>
  ask(api.PATCH('/api/personas/{persona_id}', { ...at(id), body }));
export const duplicate = (id: string) =>
  ask(api.POST('/api/personas/{persona_id}/duplicate', at(id)));
export const makeDefault = (id: string) =>
  ask(api.POST('/api/personas/{persona_id}/default', at(id)));
export const remove = (id: string) => ask(api.DELETE('/api/personas/{persona_id}', at(id)));
export const removeImage = (id: string) =>
  ask(api.DELETE('/api/personas/{persona_id}/image', at(id)));

export const uploadImage = ({ id, file }: { id: string; file: File }) =>
  requestJson(`/api/personas/${encodeURIComponent(id)}/image`, {
    method: 'PUT',
    headers: { 'content-type': file.type },
    body: file,
    timeoutMs: UPLOAD_WITHIN_MS,
  });

export const generateImage = ({ id, description }: { id: string; description: string }) =>
  requestJson(`/api/personas/${encodeURIComponent(id)}/image/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ description }),
    timeoutMs: GENERATE_WITHIN_MS,
  });
