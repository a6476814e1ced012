package dev.quern.supplier.http.openai;

import static dev.quern.supplier.http.openai.Field.any;
import static dev.quern.supplier.http.openai.Field.array;
import static dev.quern.supplier.http.openai.Field.flag;
import static dev.quern.supplier.http.openai.Field.integer;
import static dev.quern.supplier.http.openai.Field.number;
import static dev.quern.supplier.http.openai.Field.object;
import static dev.quern.supplier.http.openai.Field.refused;
import static dev.quern.supplier.http.openai.Field.text;
import static dev.quern.supplier.http.openai.Field.withoutEffect;

import java.util.List;

/** The fields of every request body: OpenAI's, and vLLM's beyond them. */
final class RequestFields {
  static final int MAX_STOP_STRINGS = 16;
  static final int MAX_STOP_LENGTH = 1024;
  static final int MAX_CHOICES = 128;
  static final int MAX_LOGPROBS = 20;

  /** No string is bounded tighter than the body where its length is the user's business. */
  private static final int ANY_LENGTH = Integer.MAX_VALUE;

  private static final int MAX_MESSAGES = 10_000;
  private static final int MAX_NAME = 1024;

  private static final String ID_LIST = "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}";
  private static final String STRING_LIST = "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}";

  static final FieldTable STREAM_OPTIONS =
      FieldTable.of(
          flag("include_usage", "A last chunk with the usage and no choices."),
          flag("continuous_usage_stats", "The usage so far in each chunk."),
          withoutEffect("include_obfuscation", "chunks are never padded."));

  private static final List<Field> ENVELOPE =
      List.of(
          text("model", MAX_NAME, "A name that /v1/models lists.").mandatory(),
          flag("stream", "Answer as server-sent events."),
          object("stream_options", STREAM_OPTIONS, "Only with stream."),
          text("request_id", MAX_NAME, "Becomes part of the answer's id."),
          integer("priority", -1_000_000, 1_000_000, "Lower is served first; 0 by default."),
          text("cache_salt", MAX_NAME, "Shares cached prefixes only with the same salt."),
          withoutEffect("user", "Quern keeps no record of users."),
          withoutEffect("metadata", "nothing is stored."),
          withoutEffect("store", "nothing is stored."),
          withoutEffect("service_tier", "there is one tier; see priority."),
          withoutEffect("safety_identifier", "Quern keeps no record of users."),
          withoutEffect("prompt_cache_key", "every prefix is cached; see cache_salt."),
          withoutEffect("prompt_cache_retention", "prefixes stay as long as memory allows."));

  private static final List<Field> SAMPLING =
      List.of(
          number("temperature", 0, 2, "0 is greedy; 1 unless the checkpoint says otherwise."),
          number("top_p", 0, 1, "Smallest set of tokens with this much probability.")
              .aboveMinimum(),
          integer("top_k", -1, Integer.MAX_VALUE, "Most probable tokens kept; 0 or -1: all."),
          number("min_p", 0, 1, "Drops tokens below this share of the best one's probability."),
          number("presence_penalty", -2, 2, "Subtracted from logits of tokens in the output."),
          number("frequency_penalty", -2, 2, "Subtracted once per occurrence in the output."),
          number("repetition_penalty", 0, 10, "Divides logits of tokens seen; 1: none.")
              .aboveMinimum(),
          any(
              "logit_bias",
              "{\"type\":\"object\",\"additionalProperties\":"
                  + "{\"type\":\"number\",\"minimum\":-100,\"maximum\":100}}",
              "Token id to what is added to its logit."),
          integer("seed", Long.MIN_VALUE, Long.MAX_VALUE, "Makes sampling reproducible."),
          integer("n", 1, MAX_CHOICES, "Choices for each prompt."),
          any(
              "stop",
              "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"maxItems\":16,"
                  + "\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1024}}]}",
              "Strings that end the output, at most 16 of at most 1024 characters."),
          any("stop_token_ids", ID_LIST, "Token ids that end the output."),
          flag("include_stop_str_in_output", "Keeps what ended the output."),
          flag("ignore_eos", "The checkpoint's end-of-sequence tokens do not end the output."),
          integer("min_tokens", 0, Integer.MAX_VALUE, "No stop before this many tokens."),
          any("bad_words", STRING_LIST, "Words that are never completed."),
          any("allowed_token_ids", ID_LIST, "Only these tokens are sampled."),
          integer("prompt_logprobs", 0, MAX_LOGPROBS, "Log-probabilities of the prompt's tokens."),
          integer(
              "truncate_prompt_tokens",
              -1,
              Integer.MAX_VALUE,
              "Keeps this many of the prompt's last tokens; -1: what the context holds."),
          flag("skip_special_tokens", "Leaves special tokens out of the text; true by default."),
          flag("return_token_ids", "Answers with token ids too."),
          refused("use_beam_search", "Quern samples; it has no beam search"),
          refused("length_penalty", "it belongs to beam search"),
          refused("structured_outputs", "output cannot be constrained yet"),
          refused("guided_json", "output cannot be constrained yet"),
          refused("guided_regex", "output cannot be constrained yet"),
          refused("guided_choice", "output cannot be constrained yet"),
          refused("guided_grammar", "output cannot be constrained yet"),
          refused("logits_processors", "code is not taken over the network"),
          refused("return_tokens_as_token_ids", "use return_token_ids"));

  private static final FieldTable TOOL_CALL_FUNCTION =
      FieldTable.of(
          text("name", MAX_NAME, "The function's name.").mandatory(),
          any(
              "arguments",
              "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"object\"}]}",
              "A JSON object, as OpenAI has it in a string."));

  private static final FieldTable TOOL_CALL =
      FieldTable.of(
          text("id", MAX_NAME, "The call's id."),
          text("type", MAX_NAME, "function."),
          object("function", TOOL_CALL_FUNCTION, "What was called.").mandatory(),
          withoutEffect("index", "the order of the array counts."));

  static final FieldTable MESSAGE =
      FieldTable.of(
          text("role", MAX_NAME, "system, developer, user, assistant, tool or function.")
              .mandatory(),
          any(
              "content",
              "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":"
                  + "{\"type\":\"object\",\"required\":[\"type\",\"text\"],\"properties\":"
                  + "{\"type\":{\"enum\":[\"text\"]},\"text\":{\"type\":\"string\"}}}}]}",
              "A string, or parts of type text, which are joined by newlines."),
          text("name", MAX_NAME, "For the template."),
          array("tool_calls", TOOL_CALL, 1024, "Calls of an assistant's message."),
          text("tool_call_id", MAX_NAME, "Which call a tool's message answers."),
          text("reasoning_content", ANY_LENGTH, "An assistant's reasoning, for the template."),
          withoutEffect("refusal", "templates know no refusals."),
          withoutEffect("annotations", "templates know no annotations."),
          refused("audio", "the models served here take text alone"),
          refused("function_call", "use tool_calls"));

  private static final List<Field> CHAT_PROMPT =
      List.of(
          array("messages", MESSAGE, MAX_MESSAGES, "The conversation, at least one message."),
          any(
              "tools",
              "{\"type\":\"array\",\"maxItems\":128,\"items\":{\"type\":\"object\"}}",
              "Passed to the chat template; calls come back as the model's own text."),
          any(
              "documents",
              "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}",
              "Passed to the chat template."),
          any("chat_template_kwargs", "{\"type\":\"object\"}", "Variables of the chat template."),
          flag("add_generation_prompt", "Opens the assistant's turn; true by default."),
          flag("continue_final_message", "Continues the last message instead of a new turn."),
          refused("chat_template", "the checkpoint's own template is used"),
          refused("mm_processor_kwargs", "the models served here take text alone"));

  static final FieldTable CHAT =
      new FieldTable(
          ENVELOPE,
          CHAT_PROMPT,
          SAMPLING,
          List.of(
              integer("max_completion_tokens", 1, Integer.MAX_VALUE, "Most tokens generated."),
              integer("max_tokens", 0, Integer.MAX_VALUE, "OpenAI's older name of the same."),
              flag("logprobs", "Log-probabilities of the output's tokens."),
              integer("top_logprobs", 0, MAX_LOGPROBS, "Alternatives for each; needs logprobs."),
              flag("echo", "Begins the answer with the last message when it is continued."),
              flag("add_special_tokens", "The tokenizer adds its own; false by default."),
              any(
                  "tool_choice",
                  "{\"oneOf\":[{\"enum\":[\"none\",\"auto\"]}]}",
                  "none hides the tools from the template."),
              any(
                  "response_format",
                  "{\"type\":\"object\",\"properties\":{\"type\":{\"enum\":[\"text\"]}}}",
                  "Only text: output cannot be constrained yet."),
              any(
                  "modalities",
                  "{\"type\":\"array\",\"items\":{\"enum\":[\"text\"]}}",
                  "Only text."),
              text("reasoning_effort", MAX_NAME, "A variable of the chat template."),
              withoutEffect("parallel_tool_calls", "calls come back as the model's own text."),
              withoutEffect("prediction", "it never changes what is answered."),
              refused("audio", "the models served here answer in text alone"),
              refused("functions", "use tools"),
              refused("function_call", "use tool_choice"),
              refused("web_search_options", "there is no web search here"),
              refused("verbosity", "no model served here knows it; say it in a message")));

  static final FieldTable COMPLETION =
      new FieldTable(
          ENVELOPE,
          SAMPLING,
          List.of(
              any(
                      "prompt",
                      "{\"oneOf\":[{\"type\":\"string\"},"
                          + STRING_LIST
                          + ","
                          + ID_LIST
                          + ",{\"type\":\"array\",\"items\":"
                          + ID_LIST
                          + "}]}",
                      "A string, token ids, or an array of either.")
                  .mandatory(),
              integer("max_tokens", 0, Integer.MAX_VALUE, "Most tokens generated; 16 by default."),
              integer("logprobs", 0, MAX_LOGPROBS, "Log-probabilities with this many others."),
              flag("echo", "Begins the answer with the prompt; with max_tokens 0 it is scored."),
              integer("best_of", 1, MAX_CHOICES, "Only as large as n."),
              flag("add_special_tokens", "The tokenizer adds its own; true by default."),
              any(
                  "response_format",
                  "{\"type\":\"object\",\"properties\":{\"type\":{\"enum\":[\"text\"]}}}",
                  "Only text: output cannot be constrained yet."),
              refused("suffix", "no model served here inserts text")));

  static final FieldTable TOKENIZE =
      new FieldTable(
          List.of(
              text("model", MAX_NAME, "May be left out when one model is served."),
              text("prompt", ANY_LENGTH, "The text; either this or messages."),
              flag("add_special_tokens", "Default: true for a prompt, false for messages."),
              flag("return_token_strs", "Answers with each token's own spelling too.")),
          CHAT_PROMPT);

  static final FieldTable DETOKENIZE =
      FieldTable.of(
          text("model", MAX_NAME, "May be left out when one model is served."),
          any("tokens", ID_LIST, "The token ids.").mandatory());

  private RequestFields() {}
}
