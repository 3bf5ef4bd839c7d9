import { imageSize } from 'image-size';

import type { TokenRule } from './token-rule.ts';

/** The head of a picture has its size; a JPEG's may come after a preview. In characters of base64. */
const headLength = 128 * 1_024;

/** What the vendors take; the library also sees pictures in bytes that are none of these. */
const formats = new Set(['png', 'jpg', 'gif', 'webp']);

/** A picture whose size is not to be seen: one behind a URL, or in a format that is not known. */
const unseen = { openai: 1_000, anthropic: 1_600, gemini: 1_032 } as const;

interface Size {
  width: number;
  height: number;
}

/**
 * Tokens of a picture by its vendor's rule, from its size where the request holds the picture, else a flat 1,000 (OpenAI),
 * 1,600 (Anthropic, its largest) or 1,032 (Gemini, four tiles).
 * @see https://platform.openai.com/docs/guides/images-vision#calculating-costs
 * @see https://docs.claude.com/en/docs/build-with-claude/vision#calculate-image-costs
 * @see https://ai.google.dev/gemini-api/docs/tokens#multimodal-tokens
 */
export function imageTokens(url: string, detail: string, vendor: TokenRule['image']): number {
  if (vendor === 'openai' && detail === 'low') return openAiBase;
  const size = sizeOf(url);
  return size ? rules[vendor](size) : unseen[vendor];
}

const openAiBase = 85;

const rules: Record<TokenRule['image'], (size: Size) => number> = {
  /** Fitted into 2,048 square, then its shorter side to 768; 170 for each tile of 512, and 85. */
  openai: ({ width, height }) => {
    const fit = Math.min(1, 2_048 / Math.max(width, height));
    const scale = fit * Math.min(1, 768 / (Math.min(width, height) * fit));
    const tiles = Math.ceil((width * scale) / 512) * Math.ceil((height * scale) / 512);
    return openAiBase + 170 * tiles;
  },
  /** One for 750 pixels, after scaling it down to at most 1,600 tokens. */
  anthropic: ({ width, height }) => Math.min(1_600, Math.ceil((width * height) / 750)),
  /** 258 for a small one, else for each tile of 768. */
  gemini: ({ width, height }) =>
    width <= 384 && height <= 384 ? 258 : 258 * Math.ceil(width / 768) * Math.ceil(height / 768),
};

function sizeOf(url: string): Size | undefined {
  const comma = url.slice(0, 200).indexOf(';base64,');
  if (!url.startsWith('data:') || comma < 0) return undefined;
  const start = comma + ';base64,'.length;
  try {
    const head = Buffer.from(url.slice(start, start + headLength), 'base64');
    const { width, height, type } = imageSize(head);
    const isKnown = formats.has(type ?? '') && width > 0 && height > 0;
    return isKnown ? { width, height } : undefined;
  } catch {
    // Not a picture that it knows, or a broken one: the vendor will say so.
    return undefined;
  }
}
