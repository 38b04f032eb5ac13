using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Ebb.Controller.Metrics;

/// <summary>
/// What Ebb's meters have counted since this was made, in Prometheus' text format 0.0.4:
/// <c>ebb_join_answers_total{asked="join",outcome="granted"} 3</c>.
/// </summary>
internal sealed class Readings : IDisposable
{
    private const string Ours = "Ebb.";

    // Far more than there are; a label that grew without end would stop here.
    private const int MostSeries = 2000;

    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<(Instrument Instrument, string Labels), double> _series = [];

    public Readings()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith(Ours, StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.MeasurementsCompleted = (instrument, _) => Forget(instrument);
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    public string Text()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (_lock)
        {
            foreach (var named in _series.GroupBy(s => NameOf(s.Key.Instrument)).OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                var instrument = named.First().Key.Instrument;
                if (instrument.Description is { Length: > 0 } description)
                {
                    text.Append($"# HELP {named.Key} {Escaped(description)}\n");
                }

                text.Append($"# TYPE {named.Key} {(IsCounter(instrument) ? "counter" : "gauge")}\n");

                // Two servers in one process have a meter of one name each: together they are what the process does.
                foreach (var series in named.GroupBy(s => s.Key.Labels).OrderBy(g => g.Key, StringComparer.Ordinal))
                {
                    text.Append(CultureInfo.InvariantCulture, $"{named.Key}{series.Key} {series.Sum(s => s.Value)}\n");
                }
            }
        }

        return text.ToString();
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = Labels(tags);
        lock (_lock)
        {
            if (_series.TryGetValue((instrument, labels), out var before) || _series.Count < MostSeries)
            {
                _series[(instrument, labels)] = instrument.IsObservable || !IsCounter(instrument) ? value : before + value;
            }
        }
    }

    private void Forget(Instrument instrument)
    {
        lock (_lock)
        {
            foreach (var key in _series.Keys.Where(key => key.Instrument == instrument).ToList())
            {
                _series.Remove(key);
            }
        }
    }

    private static bool IsCounter(Instrument instrument) => instrument is Counter<long> or Counter<int> or Counter<double>
        or ObservableCounter<long> or ObservableCounter<int> or ObservableCounter<double>;

    private static string NameOf(Instrument instrument) =>
        string.Concat(instrument.Name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')) + (IsCounter(instrument) ? "_total" : "");

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        var parts = new List<string>(tags.Length);
        foreach (var (name, value) in tags)
        {
            parts.Add($"{name}=\"{Escaped(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
        }

        return $"{{{string.Join(',', parts.Order(StringComparer.Ordinal))}}}";
    }

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
