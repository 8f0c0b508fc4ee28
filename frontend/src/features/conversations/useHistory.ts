/** The history, page by page, and how far a search has come. */

import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { fetchSlice, listKey, type Wanted } from './conversations';
import { gather, joined } from './gathering';

export function useHistory(wanted: Wanted) {
  const pages = useInfiniteQuery({
    queryKey: listKey(wanted),
    queryFn: ({ pageParam, signal }) =>
      gather((cursor) => fetchSlice(wanted, cursor, signal), pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
  const cursor = pages.data?.pages.at(-1)?.next_cursor ?? null;
  const searching = wanted.q !== '';
  // The first one that has not been looked at says how far the search has come.
  const next = useQuery({
    queryKey: [...listKey({ ...wanted, q: '' }), 'next', cursor],
    queryFn: ({ signal }) => fetchSlice({ ...wanted, q: '' }, cursor, signal, 1),
    enabled: searching && cursor !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return {
    ...pages,
    conversations: joined(pages.data?.pages ?? []),
    searchedTo: (cursor !== null && next.data?.conversations[0]?.started_at) || null,
  };
}
