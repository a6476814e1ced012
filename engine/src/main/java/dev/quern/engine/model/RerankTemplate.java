package dev.quern.engine.model;

/**
 * The text that a language model used as a reranker reads for one query and document, ending where
 * it would answer yes or no. Prefix, body and suffix are tokenised apart, without the tokenizer's
 * own special tokens, and joined; when the whole is too long, the body's end is what is cut.
 *
 * @param defaultInstruction what relevance means where the caller does not say
 */
public record RerankTemplate(String prefix, String suffix, String defaultInstruction) {
  /** The text that the Qwen 3 rerankers were trained on (arXiv 2506.05176, section 2). */
  static final RerankTemplate QWEN3 =
      new RerankTemplate(
          "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query"
              + " and the Instruct provided. Note that the answer can only be \"yes\" or"
              + " \"no\".<|im_end|>\n<|im_start|>user\n",
          "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
          "Given a web search query, retrieve relevant passages that answer the query");

  /** What stands between prefix and suffix. */
  public String body(String instruction, String query, String document) {
    return "<Instruct>: " + instruction + "\n<Query>: " + query + "\n<Document>: " + document;
  }
}
