using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Reading;

/// <summary>
/// Reads JSON as Azure's gateway does, which takes more than the standard: az pastes a template's file behind a name without
/// quotes, and people write comments and break long expressions over lines.
/// </summary>
internal sealed class TolerantReader(string text)
{
    // What the rest of the sandbox can write again; templates nest four levels for each deployment inside a deployment.
    private const int MostLevels = 60;

    private readonly Dictionary<JsonNode, Place> _places = new(ReferenceEqualityComparer.Instance);
    private readonly List<string> _path = [];
    private int _at;
    private int _line = 1;
    private int _lineStart;

    public JsonSource Read()
    {
        if (text.StartsWith('\uFEFF'))
        {
            _at++;
        }

        Skip();
        var root = Value();
        Skip();
        return _at == text.Length ? new JsonSource(root, _places) : throw Wrong($"Additional text encountered after finished reading JSON content: {Here()}.");
    }

    private JsonNode? Value()
    {
        if (_path.Count > MostLevels)
        {
            throw Wrong($"The reader's MaxDepth of {MostLevels} has been exceeded.");
        }

        if (_at == text.Length)
        {
            throw Wrong("Unexpected end of content.");
        }

        var place = new Place(_line, _at - _lineStart + 1);
        var node = text[_at] switch
        {
            '{' => ReadObject(),
            '[' => ReadArray(),
            '"' or '\'' => JsonValue.Create(ReadString()),
            _ => ReadWord(),
        };
        if (node is not null)
        {
            _places[node] = place;
        }

        return node;
    }

    private JsonObject ReadObject()
    {
        var result = new JsonObject(Values.NoCase);
        _at++;
        for (Skip(); !Take('}'); Skip())
        {
            var name = ReadName();
            _path.Add(name);
            Skip();
            if (!Take(':'))
            {
                throw Wrong($"Invalid character after parsing property name. Expected ':' but got: {Here()}.");
            }

            Skip();
            var value = Value();
            if (!result.TryAdd(name, value))
            {
                throw Wrong($"Property with the name '{name}' already exists in the current JSON object.");
            }

            _path.RemoveAt(_path.Count - 1);
            Skip();
            if (!Take(',') && Peek() != '}')
            {
                throw Wrong($"After parsing a value an unexpected character was encountered: {Here()}.");
            }
        }

        return result;
    }

    private JsonArray ReadArray()
    {
        var result = new JsonArray();
        _at++;
        for (Skip(); !Take(']'); Skip())
        {
            _path.Add($"[{result.Count}]");
            result.Add(Value());
            _path.RemoveAt(_path.Count - 1);
            Skip();
            if (!Take(',') && Peek() != ']')
            {
                throw Wrong($"After parsing a value an unexpected character was encountered: {Here()}.");
            }
        }

        return result;
    }

    private string ReadName()
    {
        if (Peek() is '"' or '\'')
        {
            return ReadString();
        }

        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '$' or '-'))
        {
            _at++;
        }

        return _at > start ? text[start.._at] : throw Wrong($"Invalid property identifier character: {Here()}.");
    }

    private string ReadString()
    {
        var quote = text[_at++];
        var result = new StringBuilder();
        while (_at < text.Length)
        {
            var c = text[_at++];
            if (c == quote)
            {
                return result.ToString();
            }

            if (c == '\n')
            {
                NewLine();
            }

            result.Append(c == '\\' ? ReadEscape() : c);
        }

        throw Wrong($"Unterminated string. Expected delimiter: {quote}.");
    }

    private char ReadEscape()
    {
        var c = _at < text.Length ? text[_at++] : throw Wrong("Unexpected end when reading an escape sequence.");
        switch (c)
        {
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case '"' or '\\' or '/' or '\'':
                return c;
            case 'u' when _at + 4 <= text.Length
                && ushort.TryParse(text.AsSpan(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                _at += 4;
                return (char)code;
            default:
                throw Wrong($"Bad JSON escape sequence: \\{c}.");
        }
    }

    private JsonNode? ReadWord()
    {
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '+' or '-' or '.'))
        {
            _at++;
        }

        var word = text.AsSpan(start, _at - start);
        switch (word)
        {
            case "null":
                return null;
            case "true":
                return JsonValue.Create(true);
            case "false":
                return JsonValue.Create(false);
        }

        _at = start;
        if (word.IsEmpty || word.Length > 64)
        {
            throw Wrong($"Unexpected character encountered while parsing value: {Here()}.");
        }

        try
        {
            var number = Values.NumberOf(word.ToString());
            _at = start + word.Length;
            return number;
        }
        catch (JsonException)
        {
            throw Wrong($"Unexpected character encountered while parsing value: {Here()}.");
        }
    }

    private void Skip()
    {
        while (_at < text.Length)
        {
            var c = text[_at];
            if (c == '/' && _at + 1 < text.Length && text[_at + 1] is '/' or '*')
            {
                SkipComment();
            }
            else if (c is ' ' or '\t' or '\r' or '\n')
            {
                _at++;
                if (c == '\n')
                {
                    NewLine();
                }
            }
            else
            {
                return;
            }
        }
    }

    private void SkipComment()
    {
        var block = text[_at + 1] == '*';
        var end = block ? text.IndexOf("*/", _at + 2, StringComparison.Ordinal) : text.IndexOf('\n', _at);
        if (end < 0 && block)
        {
            throw Wrong("Unexpected end while parsing comment.");
        }

        end = end < 0 ? text.Length : block ? end + 2 : end;
        while (_at < end)
        {
            if (text[_at++] == '\n')
            {
                NewLine();
            }
        }
    }

    private bool Take(char c)
    {
        if (Peek() != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private char Peek() => _at < text.Length ? text[_at] : throw Wrong("Unexpected end of content.");

    private string Here() => _at >= text.Length ? "the end" : char.IsControl(text[_at]) || char.IsSurrogate(text[_at]) ? $"U+{(int)text[_at]:X4}" : text[_at].ToString();

    private void NewLine()
    {
        _line++;
        _lineStart = _at;
    }

    private TemplateException Wrong(string what)
    {
        var path = string.Join('.', _path.Take(24)).Replace(".[", "[", StringComparison.Ordinal);
        var place = new Place(_line, _at - _lineStart + 1);
        return TemplateException.Unreadable($"{what} Path '{path}', line {place.Line}, position {place.Column}.", place, path);
    }
}
