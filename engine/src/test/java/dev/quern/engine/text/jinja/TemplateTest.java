package dev.quern.engine.text.jinja;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
  private static String render(String source, Map<String, ?> variables) {
    return Template.parse(source, JinjaCases.options()).render(variables);
  }

  private static TemplateException failure(String source) {
    return assertThrows(TemplateException.class, () -> render(source, Map.of()));
  }

  @Test
  void raiseExceptionIsABadRequestInTheTemplatesOwnWords() {
    QuernException error =
        assertThrows(
            QuernException.class,
            () -> render("{{ raise_exception('Roles must alternate') }}", Map.of()));
    assertFalse(error instanceof TemplateException);
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertEquals("Roles must alternate", error.message());
  }

  @Test
  void aSyntaxErrorNamesItsLine() {
    TemplateException error = failure("a\n{{ 1 }}\n\n{% if x %}\n{{ 1 + }}\n{% endif %}");
    assertEquals(5, error.line());
    assertEquals(ErrorCategory.INTERNAL, error.category());
    assertTrue(error.message().startsWith("chat template, line 5: unexpected"), error.message());
  }

  @Test
  void anEvaluationErrorNamesItsLine() {
    TemplateException error = failure("{% set a = 1 %}\n{#-\n\n#}\n{{ a }}\n{{ b.c }}");
    assertEquals(6, error.line());
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertEquals("chat template fails at line 6: 'b' is undefined", error.message());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) if i < 0 %}{% endfor %}{{ range(99999) | list | sort | list }}"
            + "{% for i in range(99999) %}{{ range(99999) | sum }}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}"
            + "{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}"
            + "{% endfor %}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}"
            + "{% endfor %}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}"
            + "{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(99) %}"
            + "{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}"
            + "{% endfor %}{{ ns.s == ns.t }}",
        "{% set ns = namespace(s=(1,)) %}{% for i in range(99) %}{% set ns.s = (ns.s, ns.s) %}"
            + "{% endfor %}{{ {ns.s: 1} }}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}"
            + "{% endfor %}{{ ns.s | tojson }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ 'x'.ljust(10 ** 9) }}{{ 'x' | center(999999999) }}",
        "{{ '%999999d' % 1 * 999999 }}",
        "{{ '{:9999999}'.format(1) * 99 }}",
        "{{ 'aaaa'.replace('a', 'b' * 30000000) }}",
        "{{ ('a,' * 9999999).split(',') | join('x' * 999) }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ 2 ** 10000 * 2 ** 10000 }}",
        "{{ 'a' | indent(999999999) }}",
        "{{ [1] | batch(999999999, 0) | list }}",
        "{{ [[[1]]] | tojson(indent=999999999) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(x) %}{% call(y) m(x) %}{{ y }}{% endcall %}{% endmacro %}{{ m(1) }}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set ns = namespace() %}{% set ns.self = ns %}{{ ns }}",
        "{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
        "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = ns.l + [i] %}"
            + "{% endfor %}",
        "{% for i in range(99999) %}{{ range(99999) | map('string') | join }}{% endfor %}",
        "{% set ns = namespace(g=[1]) %}{% for i in range(99999) %}"
            + "{% set ns.g = ns.g | select %}{% endfor %}{{ ns.g | list }}",
        "{{ ' ' * 5000000 | wordwrap(1) }}{{ ('a' * 60000000) | upper }}",
      })
  void whatRunsAwayEndsInAnError(String source) {
    TemplateException error = failure(source);
    assertEquals(1, error.line());
  }

  @Test
  void deepSourceIsRefused() {
    for (String source :
        List.of(
            "{{ " + "(".repeat(5_000) + "1" + ")".repeat(5_000) + " }}",
            "{{ " + "[".repeat(5_000) + "]".repeat(5_000) + " }}",
            "{{ " + "not ".repeat(50_000) + "1 }}",
            "{{ " + "-".repeat(50_000) + "1 }}",
            "{{ 1" + " + 1".repeat(50_000) + " }}",
            "{{ x" + "|abs".repeat(50_000) + " }}",
            "{{ x" + ".a".repeat(50_000) + " }}",
            "{{ x" + "[0]".repeat(50_000) + " }}",
            "{{ 1" + " if 1".repeat(50_000) + " }}",
            "{{ 1" + " if 1 else 1".repeat(50_000) + " }}",
            "{% if 1 %}".repeat(5_000) + "{% endif %}".repeat(5_000),
            "{% set " + "(".repeat(5_000) + "a" + ")".repeat(5_000) + " = 1 %}")) {
      assertThrows(TemplateException.class, () -> render(source, Map.of("x", 1)));
    }
  }

  @Test
  void longButFlatSourceIsFine() {
    assertEquals("1".repeat(20_000), render("{{ 1 }}".repeat(20_000), Map.of()));
    String branches = "{% elif x == 1 %}a".repeat(5_000);
    assertEquals("b", render("{% if no %}" + branches + "{% else %}b{% endif %}", Map.of()));
    assertEquals("1".repeat(5_000), render("{{ 1" + " ~ 1".repeat(4_999) + " }}", Map.of()));
  }

  @Test
  void recursionOfOrdinaryDepthWorks() {
    String source =
        "{% macro m(x) %}{% if x > 0 %}{% for i in [1] %}({{ m(x - 1) }}){% endfor %}{% endif %}"
            + "{% endmacro %}{{ m(60) }}";
    assertEquals("(".repeat(60) + ")".repeat(60), render(source, Map.of()));
  }

  @Test
  void limitsAreTheOptions() {
    TemplateOptions small = JinjaCases.options().withLimits(new TemplateLimits(100, 1_000, 10, 50));
    assertEquals("0123456789", Template.parse("0123456789", small).render(Map.of()));
    TemplateException output =
        assertThrows(
            TemplateException.class, () -> Template.parse("0123456789x", small).render(Map.of()));
    assertTrue(output.message().contains("more than 10 characters"), output.message());
    TemplateException steps =
        assertThrows(
            TemplateException.class,
            () ->
                Template.parse("{% for i in range(90) %}{% endfor %}{{ 1 + 1 + 1 + 1 + 1 }}", small)
                    .render(Map.of()));
    assertTrue(steps.message().contains("longer than 100 steps"), steps.message());
  }

  @Test
  void takesTheValuesOfJava() {
    Map<String, Object> values =
        Map.of(
            "i", 1, "l", 2L, "d", 1.5, "f", 0.5f, "b", true, "g", new BigInteger("9".repeat(30)));
    assertEquals(
        "1 2 1.5 0.5 True " + "9".repeat(30),
        render("{{ i }} {{ l }} {{ d }} {{ f }} {{ b }} {{ g }}", values));
    java.util.HashMap<String, @org.jspecify.annotations.Nullable Object> none =
        new java.util.HashMap<>();
    none.put("x", null);
    assertEquals("None True", render("{{ x }} {{ x is none }}", none));
    assertThrows(IllegalArgumentException.class, () -> render("", Map.of("x", new Object())));
  }

  @Test
  void theClockIsTheOptions() {
    Instant instant = Instant.parse("2024-07-26T23:30:00Z");
    TemplateOptions options =
        TemplateOptions.huggingFace().withClock(Clock.fixed(instant, ZoneId.of("Europe/Rome")));
    String source = "{{ strftime_now('%d %b %Y %H:%M') }}";
    assertEquals("27 Jul 2024 01:30", Template.parse(source, options).render(Map.of()));
  }

  @Test
  void aTemplateIsSharedByThreads() throws Exception {
    Template template =
        Template.parse(
            "{% set ns = namespace(n=0) %}{% set c = cycler('a', 'b') %}"
                + "{% for i in range(50) %}{% set ns.n = ns.n + k %}{{ c.next() }}{% endfor %}"
                + "{{ ns.n }}",
            JinjaCases.options());
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> results = new ArrayList<>();
      for (int k = 0; k < 200; k++) {
        int factor = k;
        results.add(threads.submit(() -> template.render(Map.of("k", factor))));
      }
      for (int k = 0; k < 200; k++) {
        assertEquals("ab".repeat(25) + 50 * k, results.get(k).get());
      }
    }
  }

  @Test
  void knowsInWhichFormContentIsRead() {
    assertEquals(
        Template.ContentForm.TEXT, form("{% for m in messages %}{{ m.content }}{% endfor %}"));
    assertEquals(
        Template.ContentForm.PARTS,
        form(
            "{% for m in messages %}{% for p in m['content'] %}{{ p.text }}{% endfor %}{% endfor"
                + " %}"));
    assertEquals(
        Template.ContentForm.TEXT_OR_PARTS,
        form(
            "{% for m in messages %}{% set content = m.content %}{% if content is string %}"
                + "{{ content }}{% else %}{% for p in content %}{{ p.text }}{% endfor %}{% endif %}"
                + "{% endfor %}"));
    assertEquals(
        Template.ContentForm.TEXT_OR_PARTS,
        form(
            "{% macro show(content) %}{% if content is string %}{{ content }}{% else %}"
                + "{% for p in content | selectattr('type') %}{{ p.text }}{% endfor %}{% endif %}"
                + "{% endmacro %}{{ show(messages[0].content) }}"));
  }

  private static Template.ContentForm form(String source) {
    return Template.parse(source, JinjaCases.options()).contentForm();
  }

  @Test
  void errorsAreQuernExceptions() {
    assertInstanceOf(QuernException.class, failure("{{"));
  }
}
