import type { Annotation } from '@sluice/contracts';

import type { Candidate } from './generate-content-response.ts';

type Sources = Pick<Candidate, 'citationMetadata' | 'groundingMetadata'>;

/**
 * The sources of a candidate's text. Gemini counts places in bytes of UTF-8, Sluice in units of UTF-16.
 * @see https://ai.google.dev/api/generate-content#citationmetadata
 * @see https://ai.google.dev/gemini-api/docs/google-search
 */
export function readCitations(text: string, sources: Sources): Annotation[] {
  const bytes = Buffer.from(text);
  return [...cited(sources), ...grounded(sources)].flatMap(({ uri, title, start, end }) => {
    if (!uri) return [];
    const placed = typeof end === 'number';
    return {
      type: 'url_citation' as const,
      url_citation: {
        url: uri,
        ...(title && { title }),
        ...(placed && {
          start_index: unitsBefore(bytes, start ?? 0),
          end_index: unitsBefore(bytes, end),
        }),
      },
    };
  });
}

interface Source {
  uri: string | null | undefined;
  title: string | null | undefined;
  start: number | null | undefined;
  end: number | null | undefined;
}

function cited({ citationMetadata }: Sources): Source[] {
  const sources = citationMetadata?.citationSources ?? citationMetadata?.citations ?? [];
  return sources.map(({ uri, title, startIndex: start, endIndex: end }) => {
    return { uri, title, start, end };
  });
}

function grounded({ groundingMetadata }: Sources): Source[] {
  const { groundingChunks: chunks, groundingSupports: supports } = groundingMetadata ?? {};
  return (supports ?? []).flatMap(({ segment, groundingChunkIndices: indices }) =>
    (indices ?? []).map((index) => {
      const { uri, title } = chunks?.[index]?.web ?? {};
      return { uri, title, start: segment?.startIndex, end: segment?.endIndex };
    }),
  );
}

function unitsBefore(bytes: Buffer, end: number): number {
  return bytes.subarray(0, end).toString().length;
}
