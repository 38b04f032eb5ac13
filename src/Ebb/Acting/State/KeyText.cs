namespace Ebb.Acting.State;

/// <summary>Writes what makes up an object into one reused buffer, so that looking for its equal allocates nothing.</summary>
internal sealed class KeyText
{
    // Kubernetes allows no control characters in what is written here, so these cannot be confused with content.
    private const char End = '\u001f';
    private const char Absent = '\u001e';

    private char[] _buffer = new char[1024];
    private int _length;

    public ReadOnlySpan<char> Text => _buffer.AsSpan(0, _length);

    public KeyText Clear()
    {
        _length = 0;
        return this;
    }

    public KeyText Add(string? text)
    {
        if (text is null)
        {
            return Add(Absent);
        }

        Reserve(text.Length + 1);
        text.CopyTo(0, _buffer, _length, text.Length);
        _length += text.Length;
        _buffer[_length++] = End;
        return this;
    }

    public KeyText Add(char mark)
    {
        Reserve(1);
        _buffer[_length++] = mark;
        return this;
    }

    public KeyText Add(long number)
    {
        Reserve(21);
        number.TryFormat(_buffer.AsSpan(_length), out var written);
        _length += written;
        _buffer[_length++] = End;
        return this;
    }

    private void Reserve(int more)
    {
        if (_length + more > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + more));
        }
    }
}
