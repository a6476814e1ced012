package dev.quern.engine.text.jinja;

import java.util.List;
import java.util.Map;

/** A compiled template: immutable, so any number of threads may render it at once. */
public final class Template {
  private final List<Statement> body;
  private final TemplateOptions options;

  private Template(List<Statement> body, TemplateOptions options) {
    this.body = body;
    this.options = options;
  }

  /**
   * Compiles {@code source}.
   *
   * @throws TemplateException if it is not a template, with the line
   */
  public static Template parse(String source, TemplateOptions options) {
    return new Template(Parser.parse(Lexer.tokenize(source, options)), options);
  }

  /**
   * The template's text.
   *
   * @param variables strings, booleans, numbers, null, lists of these and maps of these by string,
   *     which keep their order
   * @throws TemplateException if it cannot be rendered with these variables or reaches a limit
   * @throws dev.quern.store.QuernException BAD_REQUEST with the template's own message if it calls
   *     {@code raise_exception}
   */
  public String render(Map<String, ?> variables) {
    return Interpreter.render(body, options, variables);
  }

  /** In which form the template reads the content of messages. */
  public ContentForm contentForm() {
    return ContentForms.of(body);
  }

  /** Forms of a message's content. */
  public enum ContentForm {
    /** One text. */
    TEXT,
    /** A list of parts. */
    PARTS,
    /** Either: the template looks which it is. */
    TEXT_OR_PARTS
  }
}
