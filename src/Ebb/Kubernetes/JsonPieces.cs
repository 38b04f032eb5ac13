using System.Buffers;
using System.Text.Json;

namespace Ebb.Kubernetes;

/// <summary>
/// Takes JSON apart while it arrives, holding one piece at a time. From a list (<paramref name="list"/>) each member of the
/// root object is a piece, and of <c>items</c> each entry; from a watch each value is one, however lines and reads divide them.
/// </summary>
/// <param name="maxPiece">Bytes; a larger piece is refused.</param>
/// <param name="patience">The longest wait for more bytes.</param>
internal sealed class JsonPieces(Stream stream, bool list, int maxPiece, TimeSpan patience, TimeProvider time) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _end;
    private int _scanned;
    private int _pieceStart = -1;
    private int _pieceDepth;
    private bool _inItems;
    private bool _done;
    private JsonReaderState _state = new(new JsonReaderOptions { AllowMultipleValues = true });

    /// <summary>The member that the piece belongs to; null in a watch.</summary>
    public string? Name { get; private set; }

    /// <summary>The bytes of the piece; valid until the next call of <see cref="NextAsync"/>.</summary>
    public ReadOnlyMemory<byte> Piece { get; private set; }

    /// <summary>Moves to the next piece; false at the end.</summary>
    /// <exception cref="EndOfStreamException">The stream ended within a piece, or within a list.</exception>
    /// <exception cref="JsonException">Not JSON, or a piece is too large.</exception>
    /// <exception cref="TimeoutException">Nothing came for too long.</exception>
    public async ValueTask<bool> NextAsync(CancellationToken ct)
    {
        while (!_done)
        {
            if (Scan())
            {
                return true;
            }

            if (!_done && !await FillAsync(ct))
            {
                return false;
            }
        }

        return false;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private bool Scan()
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(_scanned, _end - _scanned), isFinalBlock: false, _state);
        var found = false;
        while (!found && !_done && reader.Read())
        {
            found = Take(ref reader);
        }

        if (found)
        {
            Piece = _buffer.AsMemory(_pieceStart, _scanned + (int)reader.BytesConsumed - _pieceStart);
            _pieceStart = -1;
        }

        _scanned += (int)reader.BytesConsumed;
        _state = reader.CurrentState;
        return found;
    }

    /// <summary>Looks at one token; true when it ends a piece.</summary>
    private bool Take(ref Utf8JsonReader reader)
    {
        var token = reader.TokenType;
        if (_pieceStart >= 0)
        {
            return token is JsonTokenType.EndObject or JsonTokenType.EndArray && reader.CurrentDepth == _pieceDepth;
        }

        if (list && reader.CurrentDepth == 0)
        {
            _done = token is JsonTokenType.EndObject;
            return _done || token is JsonTokenType.StartObject ? false : throw new JsonException("A list was expected.");
        }

        if (list && reader.CurrentDepth == 1)
        {
            switch (token)
            {
                case JsonTokenType.PropertyName:
                    Name = reader.GetString();
                    return false;
                case JsonTokenType.StartArray when Name == "items":
                    _inItems = true;
                    return false;
                case JsonTokenType.EndArray when _inItems:
                    _inItems = false;
                    return false;
            }
        }

        _pieceStart = _scanned + (int)reader.TokenStartIndex;
        _pieceDepth = reader.CurrentDepth;
        return token is not (JsonTokenType.StartObject or JsonTokenType.StartArray);
    }

    private async ValueTask<bool> FillAsync(CancellationToken ct)
    {
        MakeRoom();
        using var tooLong = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, tooLong.Token);
        int read;
        try
        {
            read = await stream.ReadAsync(_buffer.AsMemory(_end), either.Token);
        }
        catch (OperationCanceledException e) when (tooLong.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing came for {patience.TotalSeconds:0} s.", e);
        }

        _end += read;
        if (read > 0)
        {
            return true;
        }

        var rest = _buffer.AsSpan(_scanned, _end - _scanned);
        return list || _pieceStart >= 0 || rest.IndexOfAnyExcept(" \t\r\n"u8) >= 0
            ? throw new EndOfStreamException("the answer was cut off.")
            : false;
    }

    private void MakeRoom()
    {
        var keep = _pieceStart >= 0 ? _pieceStart : _scanned;
        var kept = _end - keep;
        if (kept >= maxPiece)
        {
            throw new JsonException($"An object is larger than {maxPiece} bytes.");
        }

        var target = _buffer;
        if (kept > _buffer.Length / 2)
        {
            target = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        }

        _buffer.AsSpan(keep, kept).CopyTo(target);
        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _pieceStart = _pieceStart >= 0 ? 0 : -1;
        _scanned -= keep;
        _end = kept;
    }
}
