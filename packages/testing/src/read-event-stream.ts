import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream';

/**
 * The server-sent events of a reply, as they come. Ends with the reply, and when its connection breaks; leaving the loop
 * closes the connection.
 */
export async function* readEventStream(
  response: Response,
): AsyncGenerator<EventSourceMessage, void, undefined> {
  if (!response.body) return;
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  try {
    for await (const event of events) yield event;
  } catch {
    // The connection broke, or its request was aborted: what came before it counts.
  }
}
