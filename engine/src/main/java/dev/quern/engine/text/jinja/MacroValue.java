package dev.quern.engine.text.jinja;

import dev.quern.engine.text.jinja.Statement.Signature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A macro or the body of a call block, with the scope it was defined in.
 *
 * @param name empty for a call block's body
 */
record MacroValue(String name, Signature signature, List<Statement> body, Scope scope)
    implements Callable {

  @Override
  public Object call(Interpreter interpreter, Arguments arguments) {
    Scope inner = new Scope(scope);
    bind(interpreter, arguments, inner);
    return interpreter.capture(body, inner);
  }

  private void bind(Interpreter interpreter, Arguments arguments, Scope inner) {
    List<String> parameters = signature.parameters();
    List<Object> positional = arguments.positional();
    Map<String, Object> keywords = new LinkedHashMap<>(arguments.keywords());
    boolean[] given = new boolean[parameters.size()];
    for (int i = 0; i < parameters.size(); i++) {
      String parameter = parameters.get(i);
      Object value = i < positional.size() ? positional.get(i) : keywords.remove(parameter);
      given[i] = value != null;
      // A default must not see an outer variable of a later parameter's name.
      inner.set(parameter, value != null ? value : Undefined.name(parameter));
    }
    takeCaller(keywords, inner);
    takeRest(positional, keywords, inner, interpreter.budget());
    for (int i = 0; i < parameters.size(); i++) {
      if (!given[i]) {
        inner.set(parameters.get(i), missing(interpreter, i, inner));
      }
    }
  }

  private Object missing(Interpreter interpreter, int index, Scope inner) {
    int first = signature.parameters().size() - signature.defaults().size();
    return index >= first
        ? interpreter.evaluate(signature.defaults().get(index - first), inner)
        : Undefined.because(
            "parameter '" + signature.parameters().get(index) + "' was not provided");
  }

  private void takeCaller(Map<String, Object> keywords, Scope inner) {
    if (signature.caller()) {
      Object caller = keywords.remove("caller");
      inner.set("caller", caller == null ? Undefined.because("No caller defined") : caller);
    }
  }

  private void takeRest(
      List<Object> positional, Map<String, Object> keywords, Scope inner, Budget budget) {
    int count = signature.parameters().size();
    if (signature.keywords()) {
      DictValue rest = new DictValue();
      keywords.forEach((key, value) -> rest.put(key, value, budget));
      inner.set("kwargs", rest);
    } else if (!keywords.isEmpty()) {
      throw new EvaluationError(
          "macro '"
              + name
              + "' takes no keyword argument '"
              + keywords.keySet().iterator().next()
              + "'");
    }
    if (signature.varargs()) {
      List<Object> rest = positional.subList(Math.min(count, positional.size()), positional.size());
      inner.set("varargs", new SequenceValue.TupleValue(rest));
    } else if (positional.size() > count) {
      throw new EvaluationError(
          "macro '" + name + "' takes not more than " + count + " argument(s)");
    }
  }

  @Override
  public Object attribute(Interpreter interpreter, String attribute) {
    return switch (attribute) {
      case "name" -> name.isEmpty() ? None.NONE : (Object) name;
      case "arguments" -> new SequenceValue.TupleValue(List.copyOf(signature.parameters()));
      case "caller" -> signature.caller();
      case "catch_kwargs" -> signature.keywords();
      case "catch_varargs" -> signature.varargs();
      default -> Undefined.attribute(this, attribute);
    };
  }

  @Override
  public String type() {
    return "Macro";
  }

  @Override
  public String toString() {
    return "<Macro '" + name + "'>";
  }
}
