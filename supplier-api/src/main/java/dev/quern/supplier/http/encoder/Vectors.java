package dev.quern.supplier.http.encoder;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;

/** Vectors on their way out. */
final class Vectors {
  private Vectors() {}

  /** The first numbers. */
  static float[] first(float[] vector, int count) {
    return count == vector.length ? vector : Arrays.copyOf(vector, count);
  }

  /** Of length one; a vector of zeros stays as it is. */
  static float[] normalised(float[] vector) {
    double sum = 0;
    for (float x : vector) {
      sum += (double) x * x;
    }
    if (sum == 0) {
      return vector;
    }
    double scale = 1 / Math.sqrt(sum);
    float[] scaled = new float[vector.length];
    for (int i = 0; i < vector.length; i++) {
      scaled[i] = (float) (vector[i] * scale);
    }
    return scaled;
  }

  /** Little-endian fp32, as OpenAI's clients decode it. */
  static String base64(float[] vector) {
    ByteBuffer bytes =
        ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  static void write(JsonGenerator out, float[] vector) throws IOException {
    out.writeStartArray();
    for (float x : vector) {
      out.writeNumber(x);
    }
    out.writeEndArray();
  }
}
