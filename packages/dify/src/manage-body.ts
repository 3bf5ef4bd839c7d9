import { z } from 'zod';

/** Whom a call is for: Dify shows what is theirs. */
export const endUser = z.string().min(1).max(255);

/** Body of Dify's stop routes, and of `DELETE /conversations/:id`. */
export const userBody = z.strictObject({ user: endUser });

/** Body of Dify's `POST /conversations/:id/name`. */
export const renameBody = z
  .strictObject({
    user: endUser,
    name: z.string().max(255).nullish(),
    auto_generate: z.boolean().nullish(),
  })
  .refine(({ name, auto_generate: auto }) => auto === true || (name ?? '').trim() !== '', {
    path: ['name'],
    message: 'must be a name, unless auto_generate is true',
  });

/** Body of Dify's `POST /messages/:id/feedbacks`; no rating takes the one before back. */
export const feedbackBody = z.strictObject({
  user: endUser,
  rating: z.enum(['like', 'dislike']).nullish(),
  content: z.string().max(10_000).nullish(),
});

/** Body of Dify's `PUT /conversations/:id/variables/:variable`; Dify knows of which type the value must be. */
export const variableBody = z.strictObject({
  user: endUser,
  value: z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.array(z.unknown()),
    z.record(z.string(), z.unknown()),
    z.null(),
  ]),
});
