using System.Globalization;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>The inside of <c>$((…))</c>, in whole numbers.</summary>
internal sealed class Arithmetic
{
    private static readonly string[][] Levels =
        [["||"], ["&&"], ["==", "!="], ["<=", ">=", "<", ">"], ["+", "-"], ["*", "/", "%"]];

    private readonly string _text;
    private readonly Func<string, string> _variable;
    private int _at;

    private Arithmetic(string text, Func<string, string> variable)
    {
        _text = text;
        _variable = variable;
    }

    /// <exception cref="ScriptException">Not an expression, or a division by zero.</exception>
    public static long Evaluate(string text, Func<string, string> variable)
    {
        var arithmetic = new Arithmetic(text, variable);
        var value = arithmetic.Level(0);
        return arithmetic.Peek() == '\0' ? value : throw new ScriptException($"arithmetic: {text}");
    }

    private long Level(int level)
    {
        if (level == Levels.Length)
        {
            return Unary();
        }

        var value = Level(level + 1);
        while (Operator(Levels[level]) is { } op)
        {
            value = Apply(op, value, Level(level + 1));
        }

        return value;
    }

    private static long Apply(string op, long a, long b) => op switch
    {
        "+" => unchecked(a + b),
        "-" => unchecked(a - b),
        "*" => unchecked(a * b),
        "/" or "%" when b == 0 => throw new ScriptException("division by zero"),
        // The one quotient that does not fit: the smallest number by -1.
        "/" => b == -1 ? unchecked(-a) : a / b,
        "%" => b == -1 ? 0 : a % b,
        "<" => a < b ? 1 : 0,
        ">" => a > b ? 1 : 0,
        "<=" => a <= b ? 1 : 0,
        ">=" => a >= b ? 1 : 0,
        "==" => a == b ? 1 : 0,
        "!=" => a != b ? 1 : 0,
        "&&" => a != 0 && b != 0 ? 1 : 0,
        _ => a != 0 || b != 0 ? 1 : 0,
    };

    private long Unary()
    {
        switch (Peek())
        {
            case '-':
                _at++;
                return unchecked(-Unary());
            case '+':
                _at++;
                return Unary();
            case '!':
                _at++;
                return Unary() == 0 ? 1 : 0;
            case '(':
                _at++;
                var inner = Level(0);
                if (Peek() != ')')
                {
                    throw new ScriptException($"arithmetic: {_text}");
                }

                _at++;
                return inner;
            default:
                return Operand();
        }
    }

    private long Operand()
    {
        if (Peek() == '$')
        {
            _at++;
        }

        var start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
        {
            _at++;
        }

        var word = _text[start.._at];
        if (word.Length > 0 && !char.IsAsciiDigit(word[0]))
        {
            word = _variable(word);
            word = word.Length == 0 ? "0" : word;
        }

        return long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new ScriptException($"arithmetic: {_text}");
    }

    private string? Operator(string[] any)
    {
        Peek();
        foreach (var op in any)
        {
            if (string.CompareOrdinal(_text, _at, op, 0, op.Length) == 0)
            {
                _at += op.Length;
                return op;
            }
        }

        return null;
    }

    private char Peek()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : '\0';
    }
}
