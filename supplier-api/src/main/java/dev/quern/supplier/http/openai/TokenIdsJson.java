package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;

/** Token ids as a JSON array. */
final class TokenIdsJson {
  private TokenIdsJson() {}

  static void write(JsonGenerator out, String name, List<Integer> ids) throws IOException {
    out.writeArrayFieldStart(name);
    for (int id : ids) {
      out.writeNumber(id);
    }
    out.writeEndArray();
  }
}
