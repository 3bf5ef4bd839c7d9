import type { Annotation } from '@sluice/contracts';

import type { Citation } from './message-event.ts';

/** Where the cited text stands in the answer. */
export interface CitedPlace {
  start_index: number;
  end_index: number;
}

/**
 * A citation of a block as an annotation: what has an address is one of that, anything else one of a document.
 * @see https://platform.claude.com/docs/en/build-with-claude/citations
 */
export function convertCitation(citation: Citation, place: CitedPlace): Annotation {
  const { url, source, title, cited_text: cited } = citation;
  const address = url ?? source;
  if (address) {
    return {
      type: 'url_citation',
      url_citation: { url: address, ...(title && { title }), ...place },
    };
  }
  const { document_index: index, document_title: name } = citation;
  return {
    type: 'document_citation',
    document_citation: {
      ...(typeof index === 'number' && { document_index: index }),
      ...(name && { document_title: name }),
      ...(cited && { cited_text: cited }),
      ...place,
    },
  };
}
