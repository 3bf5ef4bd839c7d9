import { z } from 'zod';

/** A public name of a model, an app or a provider. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/,
    'must be 1 to 128 letters, digits or . _ : / @ - and start with a letter or digit',
  );
