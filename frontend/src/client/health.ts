/** Reads what the backend knows about every service of the stack. */

import { isRecord } from './ApiError';
import { requestJson } from './api';

export const SERVICE_NAMES = ['sfu', 'stt', 'llm', 'tts', 'embedded', 'agent', 'backend'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];
export type ServiceState = 'ready' | 'unready' | 'unknown';
export type ServiceHealth = { name: ServiceName; state: ServiceState; lastError: string | null };

export async function fetchHealth(signal?: AbortSignal): Promise<ServiceHealth[]> {
  return parseHealth(await requestJson('/api/health', { signal }));
}

/** Services this version does not know are left out rather than shown without a name. */
export function parseHealth(body: unknown): ServiceHealth[] {
  if (!isRecord(body) || !Array.isArray(body.services)) return [];
  return body.services.flatMap((service: unknown): ServiceHealth[] => {
    if (!isRecord(service)) return [];
    const name = SERVICE_NAMES.find((known) => known === service.name);
    if (!name) return [];
    const state =
      service.state === 'ready' || service.state === 'unready' ? service.state : 'unknown';
    const lastError = typeof service.last_error === 'string' ? service.last_error : null;
    return [{ name, state, lastError }];
  });
}

export function servicesDown(services: readonly ServiceHealth[]): ServiceHealth[] {
  return services.filter((service) => service.state === 'unready');
}
