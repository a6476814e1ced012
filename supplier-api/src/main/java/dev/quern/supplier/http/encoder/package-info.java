/**
 * Requests that encoders answer: embeddings, reranking, scores and classes, in OpenAI's, Cohere's
 * and vLLM's forms and in those of text-embeddings-inference.
 *
 * <p>In: bodies as JSON objects, and the served encoders. Out: plans, which say what is to be
 * encoded and how the answer is written. This room knows no Vert.x.
 */
@NullMarked
package dev.quern.supplier.http.encoder;

import org.jspecify.annotations.NullMarked;
