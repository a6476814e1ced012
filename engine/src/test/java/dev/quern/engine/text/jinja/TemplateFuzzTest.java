package dev.quern.engine.text.jinja;

import dev.quern.store.QuernException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever the source is: it renders within the limits or fails as a template fails. */
class TemplateFuzzTest {
  private static final TemplateLimits LIMITS = new TemplateLimits(20_000, 200_000, 20_000, 200);
  private static final JinjaCases CASES = JinjaCases.load();
  private static final List<String> PIECES =
      List.of(
          "{{",
          "}}",
          "{%",
          "%}",
          "{#",
          "#}",
          "-",
          "+",
          " ",
          "\n",
          "if",
          "else",
          "elif",
          "endif",
          "for",
          "in",
          "endfor",
          "set",
          "endset",
          "macro",
          "endmacro",
          "call",
          "endcall",
          "filter",
          "loop",
          "x",
          "messages",
          "list",
          "d",
          "s",
          "namespace",
          "range",
          "(",
          ")",
          "[",
          "]",
          "{",
          "}",
          ",",
          ":",
          ".",
          "|",
          "~",
          "*",
          "**",
          "/",
          "//",
          "%",
          "==",
          "<",
          "=",
          "'a'",
          "\"",
          "'",
          "\\",
          "0",
          "1",
          "99999999999",
          "1.5e300",
          "none",
          "true",
          "not",
          "and",
          "or",
          "is",
          "defined",
          "string",
          "tojson",
          "join",
          "map",
          "select",
          "sort",
          "format",
          "items",
          "upper",
          "split",
          "raw",
          "endraw",
          "break",
          "continue",
          "😀",
          "\ud800",
          "\u0000",
          "é");

  private static void survives(String source) {
    TemplateOptions options = JinjaCases.options().withLimits(LIMITS);
    try {
      String text = Template.parse(source, options).render(CASES.variables());
      if (text.length() > LIMITS.maxOutput()) {
        throw new AssertionError("longer than the limit: " + text.length());
      }
    } catch (QuernException e) {
      // How a template is allowed to fail.
      if (e.message().isEmpty()) {
        throw new AssertionError("a failure without a message", e);
      }
    }
  }

  @Property(tries = 2_000)
  void randomBytes(@ForAll byte[] bytes) {
    survives(new String(bytes, StandardCharsets.UTF_8));
    survives("{{" + new String(bytes, StandardCharsets.ISO_8859_1) + "}}");
  }

  @Property(tries = 5_000)
  void randomPieces(@ForAll("pieces") List<String> pieces) {
    survives(String.join("", pieces));
    survives("{{ " + String.join(" ", pieces) + " }}");
    survives("{% " + String.join(" ", pieces) + " %}");
  }

  @Provide
  Arbitrary<List<String>> pieces() {
    return Arbitraries.of(PIECES).list().ofMaxSize(25);
  }

  @Property(tries = 5_000)
  void mutatedCases(
      @ForAll("case") String template,
      @ForAll("case") String other,
      @ForAll("piece") String piece,
      @ForAll int first,
      @ForAll int second) {
    int from = Math.floorMod(first, template.length() + 1);
    int to = from + Math.floorMod(second, template.length() - from + 1);
    survives(template.substring(0, from) + piece + template.substring(from));
    survives(template.substring(0, from) + template.substring(to));
    survives(template.substring(0, from) + piece + template.substring(to));
    survives(template.substring(0, from) + other.substring(other.length() / 2));
  }

  @Provide("case")
  Arbitrary<String> cases() {
    return Arbitraries.of(CASES.cases().stream().map(JinjaCases.Case::template).toList());
  }

  @Provide("piece")
  Arbitrary<String> piece() {
    return Arbitraries.of(PIECES);
  }
}
