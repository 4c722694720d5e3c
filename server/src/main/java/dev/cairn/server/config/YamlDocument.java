package dev.cairn.server.config;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.AbstractConstruct;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * YAML text as plain data: maps, lists, strings, booleans and numbers. Scalars are taken for what etcd's reader takes them for,
 * which is not quite YAML 1.1: a date and {@code 1:30} are text, {@code 0o17} is a number, and so is {@code 09}; a fraction or an
 * exponent does not keep a number from being whole. Tags that would build other objects, deep nesting and alias bombs are refused.
 * Stateless.
 */
final class YamlDocument {
    private static final int NESTING_MAX = 32;
    private static final int ALIASES_MAX = 50;

    /** From here on etcd prints a number with an exponent, which no whole field takes. */
    private static final BigDecimal WHOLE_END = new BigDecimal("1e21");

    private YamlDocument() {}

    /** An empty map if the text holds nothing. */
    static Object parse(String text, int sizeMax) throws ConfigException {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(sizeMax);
        options.setNestingDepthLimit(NESTING_MAX);
        options.setMaxAliasesForCollections(ALIASES_MAX);
        options.setAllowRecursiveKeys(false);
        options.setAllowDuplicateKeys(true);
        // Its warning would go past the log.
        options.setWarnOnDuplicateKeys(false);
        try {
            DumperOptions dump = new DumperOptions();
            Yaml yaml = new Yaml(new PlainData(options), new Representer(dump), dump, options, new GoScalars());
            Object document = yaml.load(text);
            return document == null ? Map.of() : document;
        } catch (MarkedYAMLException e) {
            String where = e.getProblemMark() == null
                    ? ""
                    : "line " + (e.getProblemMark().getLine() + 1) + ": ";
            throw new ConfigException("error converting YAML to JSON: yaml: " + where + e.getProblem());
        } catch (YAMLException e) {
            throw new ConfigException("error converting YAML to JSON: yaml: " + e.getMessage());
        } catch (StackOverflowError e) {
            // The nesting limit does not cover every path of the parser; the stack is intact again here.
            throw new ConfigException("error converting YAML to JSON: yaml: document is nested too deeply");
        } catch (RuntimeException e) {
            // What the library throws where a tag contradicts its value: no digits after !!int, a list after !!set.
            throw new ConfigException(
                    "error converting YAML to JSON: yaml: a tag does not fit its value: " + e.getMessage());
        }
    }

    /** What a plain scalar is taken for. */
    private static final class GoScalars extends Resolver {
        private static final Pattern INT =
                Pattern.compile("[-+]?(?:0|[1-9][0-9_]*|0_*[0-7][0-7_]*|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|0[bB][01_]+)");
        private static final Pattern FLOAT =
                Pattern.compile("[-+]?(?:\\.[0-9_]+|[0-9][0-9_]*(?:\\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
                        + "|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN)");

        @Override
        public void addImplicitResolver(Tag tag, Pattern pattern, String first, int limit) {
            if (tag.equals(Tag.INT)) {
                super.addImplicitResolver(tag, INT, first, limit);
            } else if (tag.equals(Tag.FLOAT)) {
                super.addImplicitResolver(tag, FLOAT, first, limit);
            } else if (!tag.equals(Tag.TIMESTAMP)) {
                super.addImplicitResolver(tag, pattern, first, limit);
            }
        }
    }

    private static final class PlainData extends SafeConstructor {
        PlainData(LoaderOptions options) {
            super(options);
            yamlConstructors.put(Tag.INT, new Whole());
            yamlConstructors.put(Tag.FLOAT, new Fraction());
        }

        private final class Whole extends AbstractConstruct {
            @Override
            public Object construct(Node node) {
                String text = constructScalar((ScalarNode) node);
                try {
                    return GoSyntax.whole(text.replace("_", ""));
                } catch (ConfigException e) {
                    throw new YAMLException("cannot decode !!str `" + text + "` as a !!int", e);
                }
            }
        }

        /** A number without a fraction is whole, however it is written. */
        private final class Fraction extends ConstructYamlFloat {
            @Override
            public Object construct(Node node) {
                Double number = (Double) super.construct(node);
                if (number.isInfinite() || number.isNaN() || number != Math.rint(number)) {
                    return number;
                }
                BigDecimal exact = new BigDecimal(number);
                return exact.abs().compareTo(WHOLE_END) < 0 ? exact.toBigInteger() : number;
            }
        }
    }
}
