import type { z } from 'zod';

import { valueAt, type Path } from './field-path.ts';

/** The fields that the schema knows for the object that stands in `body` at `path`. */
export function knownKeys(schema: z.core.$ZodType, path: Path, body: unknown): string[] {
  let reached = alternatives(schema, body);
  path.forEach((step, depth) => {
    const value = valueAt(body, path.slice(0, depth + 1));
    reached = reached
      .flatMap((candidate) => inside(candidate, step))
      .flatMap((candidate) => alternatives(candidate, value));
  });
  return [...new Set(reached.flatMap((candidate) => Object.keys(shapeOf(candidate) ?? {})))];
}

/** A schema without what is wrapped around it; of a union the options that the value's discriminator allows. */
function alternatives(schema: z.core.$ZodType, value: unknown): z.core.$ZodType[] {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'optional':
    case 'nullable':
    case 'default':
      return alternatives(definition.innerType, value);
    case 'union':
      return definition.options
        .flatMap((option) => alternatives(option, value))
        .filter((option) => mayBe(option, value));
    default:
      return [schema];
  }
}

/** False where a literal field of the object schema says that the value is another kind of object. */
function mayBe(schema: z.core.$ZodType, value: unknown): boolean {
  return Object.entries(shapeOf(schema) ?? {}).every(([key, field]) => {
    const definition = definitionOf(field);
    if (definition.type !== 'literal') return true;
    return definition.values.some((literal) => literal === valueAt(value, [key]));
  });
}

function inside(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  const definition = definitionOf(schema);
  if (definition.type === 'array') return [definition.element];
  if (definition.type === 'record') return [definition.valueType];
  const field = shapeOf(schema)?.[String(step)];
  return field ? [field] : [];
}

function shapeOf(schema: z.core.$ZodType): Record<string, z.core.$ZodType> | undefined {
  const definition = definitionOf(schema);
  return definition.type === 'object' ? definition.shape : undefined;
}

function definitionOf(schema: z.core.$ZodType) {
  // zod's own union of all schemas; the plain type hides which one it is.
  return (schema as z.core.$ZodTypes)._zod.def;
}
