package dev.quern.supplier.http.openai;

import org.jspecify.annotations.Nullable;

/**
 * Every route, for the router and for the OpenAPI document. Each is served under its path and under
 * {@code /v1} before it.
 */
public enum Endpoint {
  CHAT_COMPLETIONS("POST", "/chat/completions", "Answers a conversation."),
  COMPLETIONS("POST", "/completions", "Continues texts."),
  MODELS("GET", "/models", "Lists the models that are served."),
  MODEL_ATTESTATION(
      "GET", "/models/{model}/attestation", "A signed statement of which checkpoint a model is."),
  MODEL("GET", "/models/{model}", "Describes one model; its id may hold slashes."),
  TOKENIZE("POST", "/tokenize", "Turns text or messages into token ids."),
  DETOKENIZE("POST", "/detokenize", "Turns token ids into text."),
  EMBEDDINGS("POST", "/embeddings", "Turns texts into vectors."),
  RERANK("POST", "/rerank", "Orders documents by their relevance to a query; texts is TEI's form."),
  SCORE("POST", "/score", "Scores pairs of texts."),
  CLASSIFY("POST", "/classify", "Names what texts are, with probabilities."),
  EMBED("POST", "/embed", "Turns texts into vectors, as text-embeddings-inference does."),
  PREDICT("POST", "/predict", "Scores each label, as text-embeddings-inference does."),
  SIMILARITY("POST", "/similarity", "Compares sentences, as text-embeddings-inference does."),
  INFO("GET", "/info", "What a model is and its limits, as text-embeddings-inference tells it."),
  HEALTH("GET", "/health", "200 when a model is loaded and its engine works, else 503."),
  PING("GET", "/ping", "The same as /health, for probes that ask for this name."),
  VERSION("GET", "/version", "The version of Quern."),
  ROOT("GET", "/", "What this is and where its document lies."),
  ROOT_HEAD("HEAD", "/", "Whether the server answers at all."),
  POKT_TOKENIZER("GET", "/pokt/tokenizer", "The tokenizer's files, for the network's testers."),
  POKT_TOKENIZER_HASH("GET", "/pokt/tokenizer-hash", "The SHA-256 of /pokt/tokenizer."),
  POKT_CONFIG("GET", "/pokt/config", "The model's configuration, for the network's testers."),
  POKT_CONFIG_HASH("GET", "/pokt/config-hash", "The SHA-256 of /pokt/config."),
  METRICS("GET", "/metrics", "Metrics in Prometheus' text format."),
  OPENAPI("GET", "/openapi.json", "This document.");

  private final String method;
  private final String path;
  private final String summary;

  Endpoint(String method, String path, String summary) {
    this.method = method;
    this.path = path;
    this.summary = summary;
  }

  public String method() {
    return method;
  }

  /** Without {@code /v1}; a path parameter stands in braces. */
  public String path() {
    return path;
  }

  /** With {@code /v1} before it. */
  public String versionedPath() {
    return this == ROOT || this == ROOT_HEAD ? "/v1" : "/v1" + path;
  }

  /** Whether it takes an engine: these are refused while the server drains. */
  public boolean takesEngine() {
    return switch (this) {
      case CHAT_COMPLETIONS, COMPLETIONS -> true;
      case EMBEDDINGS, RERANK, SCORE, CLASSIFY, EMBED, PREDICT, SIMILARITY -> true;
      default -> false;
    };
  }

  /**
   * Whether HEAD is answered as GET is, without the body. At the root it is an answer of its own.
   */
  public boolean answersHead() {
    return method.equals("GET") && this != ROOT;
  }

  /** How its errors are written. */
  public ErrorShape errorShape() {
    return switch (this) {
      case EMBED, PREDICT, SIMILARITY, INFO -> ErrorShape.TEI;
      default -> ErrorShape.OPENAI;
    };
  }

  boolean streams() {
    return this == CHAT_COMPLETIONS || this == COMPLETIONS;
  }

  String summary() {
    return summary;
  }

  /** The fields of its body; null when it takes none. */
  @Nullable FieldTable body() {
    return switch (this) {
      case CHAT_COMPLETIONS -> RequestFields.CHAT;
      case COMPLETIONS -> RequestFields.COMPLETION;
      case TOKENIZE -> RequestFields.TOKENIZE;
      case DETOKENIZE -> RequestFields.DETOKENIZE;
      case EMBEDDINGS -> EncoderFields.EMBEDDINGS;
      case RERANK -> EncoderFields.RERANK;
      case SCORE -> EncoderFields.SCORE;
      case CLASSIFY -> EncoderFields.CLASSIFY;
      case EMBED -> EncoderFields.EMBED;
      case PREDICT -> EncoderFields.PREDICT;
      case SIMILARITY -> EncoderFields.SIMILARITY;
      default -> null;
    };
  }
}
