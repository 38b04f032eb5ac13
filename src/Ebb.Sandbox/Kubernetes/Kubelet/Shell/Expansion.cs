using System.Text;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>Turns words as written into the arguments that a program sees.</summary>
/// <param name="output">What a command inside <c>$(…)</c> prints.</param>
internal sealed class Expansion(Func<string, string> variable, Func<string, string> output)
{
    /// <summary>What is expanded outside quotes is split at white space, as <c>$(seq 1 3)</c> has to be.</summary>
    public List<string> Fields(string word)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var any = false;
        Walk(word, (text, quoted) =>
        {
            if (quoted)
            {
                field.Append(text);
                any = true;
                return;
            }

            foreach (var c in text)
            {
                if (!char.IsWhiteSpace(c))
                {
                    field.Append(c);
                    any = true;
                }
                else if (any)
                {
                    fields.Add(field.ToString());
                    field.Clear();
                    any = false;
                }
            }
        });
        if (any)
        {
            fields.Add(field.ToString());
        }

        return fields;
    }

    /// <summary>One text, as on the right of an assignment.</summary>
    public string Text(string word)
    {
        var text = new StringBuilder();
        Walk(word, (part, _) => text.Append(part));
        return text.ToString();
    }

    private void Walk(string word, Action<string, bool> add)
    {
        var at = 0;
        while (at < word.Length)
        {
            var c = word[at];
            if (c == '\\' && at + 1 < word.Length)
            {
                add(word.Substring(at + 1, 1), true);
                at += 2;
            }
            else if (c is '\'' or '"')
            {
                var end = Token.EndOfQuoted(word, at);
                var inside = word[(at + 1)..(end - 1)];
                add(c == '\'' ? inside : InDouble(inside), true);
                at = end;
            }
            else if (c is '$' or '`')
            {
                add(Dollar(word, ref at), false);
            }
            else
            {
                add(word.Substring(at, 1), false);
                at++;
            }
        }
    }

    private string InDouble(string inside)
    {
        var text = new StringBuilder();
        var at = 0;
        while (at < inside.Length)
        {
            if (inside[at] == '\\' && at + 1 < inside.Length && inside[at + 1] is '"' or '\\' or '$' or '`')
            {
                text.Append(inside[at + 1]);
                at += 2;
            }
            else if (inside[at] is '$' or '`')
            {
                text.Append(Dollar(inside, ref at));
            }
            else
            {
                text.Append(inside[at++]);
            }
        }

        return text.ToString();
    }

    private string Dollar(string text, ref int at)
    {
        if (text[at] == '`' || (at + 1 < text.Length && text[at + 1] is '(' or '{'))
        {
            var end = Token.EndOfQuoted(text, at);
            var whole = text[at..end];
            at = end;
            return Bracketed(whole);
        }

        var start = ++at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
        {
            at++;
        }

        if (at > start)
        {
            return variable(text[start..at]);
        }

        // $? and its like: one sign long.
        if (at < text.Length && text[at] is '?' or '$' or '@' or '#' or '*' or '!')
        {
            return variable(text[at++].ToString());
        }

        return "$";
    }

    private string Bracketed(string whole)
    {
        if (whole.StartsWith("$((", StringComparison.Ordinal) && whole.EndsWith("))", StringComparison.Ordinal))
        {
            var inside = InDouble(whole[3..^2]);
            return Arithmetic.Evaluate(inside, variable).ToString();
        }

        if (whole[0] == '`')
        {
            return output(whole[1..^1]).TrimEnd('\n');
        }

        if (whole[1] == '(')
        {
            return output(whole[2..^1]).TrimEnd('\n');
        }

        var name = whole[2..^1];
        var dash = name.IndexOf(":-", StringComparison.Ordinal);
        if (dash < 0)
        {
            return name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
                ? variable(name)
                : throw new ScriptException($"expansion: {whole}");
        }

        var value = variable(name[..dash]);
        return value.Length > 0 ? value : InDouble(name[(dash + 2)..]);
    }
}
