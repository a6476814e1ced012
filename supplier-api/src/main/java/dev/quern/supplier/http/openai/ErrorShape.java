package dev.quern.supplier.http.openai;

/** Whose clients read a route's errors. */
public enum ErrorShape {
  /** {@code {"error": {"message", "type", "param", "code"}}}. */
  OPENAI,
  /** text-embeddings-inference: {@code {"error": text, "error_type": name}}. */
  TEI
}
